//! Daemon: puts the rooms of the house together and lets them work until it is told to stop.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use smarty_store::{Calendar, Flush, Mark, Options, Reader, Store};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tracing_subscriber::fmt::writer::MakeWriterExt as _;

use crate::accounts::Accounts;
use crate::archive::Archive;
use crate::config::{self, Config, Level, Log};
use crate::costs::Contract;
use crate::exit::{Code, Failure};
use crate::group::Groups;
use crate::hex;
use crate::household::Household;
use crate::hub::Hub;
use crate::intake::{Intake, MarkKey};
use crate::keeper::Keeper;
use crate::observe::{self, Observer};
use crate::report::Clerk;
use crate::sink::UdpLog;
use crate::sink::mqtt::House;
use crate::web::{self, App};
use crate::{alert, sensor, sink, source};

/// What is begun is finished within this long.
const FAREWELL: Duration = Duration::from_secs(5);

/// Logs to standard error: the journal of systemd, or a terminal. And over UDP, where the settings say so.
pub fn start_log(settings: &Log) {
    let level = match settings.level {
        Level::Warn => tracing::Level::WARN,
        Level::Info => tracing::Level::INFO,
        Level::Debug => tracing::Level::DEBUG,
    };
    // A line that nobody takes is lost, and is no reason to end.
    let log = tracing_subscriber::fmt().with_max_level(level).with_target(false).log_internal_errors(false);
    // A second start in one process keeps the first log.
    let _ = match settings.udp.as_deref().map(UdpLog::open) {
        None => log.with_writer(std::io::stderr).try_init(),
        Some(udp) => log.with_writer(std::io::stderr.and(udp)).try_init(),
    };
}

/// The store's settings from the configuration.
///
/// # Errors
/// When the zone is not known.
pub fn store_options(config: &Config) -> Result<Options, Failure> {
    let settings = &config.store;
    let defaults = Options::new(&settings.path);
    Ok(Options {
        flush: match settings.flush {
            config::Flush::Telegram => Flush::Telegram,
            config::Flush::Every(span) => Flush::Every(u32::try_from(span.0.as_secs()).unwrap_or(u32::MAX)),
        },
        calendar: Calendar::new(&config.zone)?,
        border_margin_s: crate::accounts::MARGIN_S,
        meter_max_kva: config.meter.iter().filter_map(|(name, meter)| Some((name.clone(), meter.max_power?))).collect(),
        reserve_bytes: settings.reserve.0,
        max_size_bytes: settings.max_size.map(|size| size.0),
        keep_days: settings.retention.map(|span| u32::try_from(span.0.as_secs() / 86_400).unwrap_or(u32::MAX)),
        ..defaults
    })
}

/// Makes the folder of the database where it is not there.
///
/// # Errors
/// When it cannot be made.
pub fn make_folder(database: &Path) -> Result<(), Failure> {
    let Some(folder) = database.parent().filter(|folder| !folder.as_os_str().is_empty()) else { return Ok(()) };
    std::fs::create_dir_all(folder).map_err(|error| {
        Failure::new(Code::CannotCreate, format!("the folder {} cannot be made: {error}", folder.display()))
    })
}

/// Runs until SIGTERM or SIGINT.
///
/// # Errors
/// When the database, the page's port or the status socket cannot be had.
pub fn run(config: &Config) -> Result<(), Failure> {
    make_folder(&config.store.path)?;
    let options = store_options(config)?;
    let calendar = options.calendar.clone();
    let mut store = Store::open(options)?;
    let mut accounts = Accounts::new(calendar.clone(), config.calculated.settings(), contracts(config));
    let reader = Reader::open(&config.store.path)?;
    for name in config.meter.keys() {
        store.declare_meter(name, &calendar)?;
        if let Some(resumed) = store.resume(name)? {
            accounts.seed(name, resumed, &reader)?;
        }
    }
    let observer = Observer::new();
    let mut groups = Groups::new(config, observer.clone());
    let owed = groups.resume(&reader)?;
    drop(reader);
    let marks = load_marks(&store)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(4)
        // A query's thread is kept for a moment only: each costs memory.
        .thread_keep_alive(Duration::from_secs(1))
        .thread_stack_size(1 << 20)
        .build()?;
    let mut positions = HashMap::new();
    for name in config.mqtt.keys() {
        positions.insert(name.clone(), store.positions(&format!("mqtt {name}"))?);
    }
    observer.store(|health| health.path.clone_from(&config.store.path));
    let (keeper, thread) = Keeper::start(store, marks.clone(), observer.clone());
    let households = Household::all(config).collect();
    let hub = Hub::new(config.meter.len(), keeper.clone(), accounts, groups, households, observer.clone());
    let result = runtime.block_on(async {
        for sum in owed {
            hub.publish(sum).await;
        }
        work(config, keeper, hub, marks, positions, &observer).await
    });
    // Everything that could send to the keeper is gone with the runtime; it writes what it has and ends.
    runtime.shutdown_timeout(Duration::from_millis(500));
    let _ = std::fs::remove_file(observe::socket_path(&config.store.path));
    let until = std::time::Instant::now() + FAREWELL;
    while !thread.is_finished() && std::time::Instant::now() < until {
        std::thread::sleep(Duration::from_millis(5));
    }
    result
}

/// The contract of each meter that has one. Tariff files are read here once; bills read them anew.
fn contracts(config: &Config) -> HashMap<String, Contract> {
    let with_tariff = config.meter.keys().filter_map(|meter| Some((meter, config.tariff_of(meter)?)));
    with_tariff.map(|(meter, tariff)| (meter.clone(), Contract::for_live(meter, tariff, config.time_zone()))).collect()
}

async fn work(
    config: &Config,
    keeper: Keeper,
    hub: Hub,
    marks: HashMap<MarkKey, Mark>,
    mut positions: HashMap<String, Vec<(String, i64)>>,
    observer: &Observer,
) -> Result<(), Failure> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut tasks = JoinSet::new();
    let socket = observe::socket_path(&config.store.path);
    tasks.spawn(observe::serve(observer.clone(), &socket).map_err(|error| {
        Failure::new(Code::Unavailable, format!("the status socket {} cannot be made: {error}", socket.display()))
    })?);
    tasks.spawn(observe::watch_over(observer.clone(), config.time_zone()));
    let archive = Archive::new(config.store.path.clone());
    if let Some(clerk) = Clerk::new(config, archive.clone(), observer.clone()) {
        tasks.spawn(clerk.work());
    }
    tasks.spawn(alert::run(Arc::new(config.clone()), hub.clone(), archive.clone(), observer.clone()));
    if config.web.enabled {
        let listener = TcpListener::bind(config.web.listen).await.map_err(|error| {
            Failure::new(
                Code::Unavailable,
                format!(
                    "the page cannot listen on {}: {error}; is another program there? `[web] listen` chooses another",
                    config.web.listen
                ),
            )
        })?;
        let router = web::router(App::new(config, hub.clone(), keeper.clone(), archive.clone(), observer.clone()));
        tasks.spawn(web::serve(listener, router));
    }
    let mut listeners = sink::start(config, &hub, observer);
    let (leave, leaving) = watch::channel(false);
    let mut sinks = JoinSet::new();
    let house =
        House { config: Arc::new(config.clone()), hub: hub.clone(), keeper, archive, observer: observer.clone() };
    for name in config.mqtt.iter().filter(|(_, broker)| broker.publishes()).map(|(name, _)| name) {
        let positions = positions.remove(name).unwrap_or_default();
        sinks.spawn(sink::mqtt::run(name.clone(), house.clone(), positions, leaving.clone()));
    }
    drop(house);
    let mut sources = JoinSet::new();
    for (name, settings) in &config.source {
        observer.source(name, |source| {
            source.kind = settings.kind.name().into();
            source.target = settings.target();
            source.meters = config.meters_on(name).map(|(meter, _)| meter.to_string()).collect();
        });
        let broker = settings.broker.as_ref().and_then(|broker| config.mqtt.get(broker)).cloned();
        let intake = Intake::new(config, name, marks.clone(), observer.clone());
        sources.spawn(source::run(name.clone(), settings.clone(), broker, intake, hub.clone(), observer.clone()));
    }
    sensor::start(config, &hub, observer, &mut sources);
    drop(hub);
    let _ = sd_notify::notify(&[sd_notify::NotifyState::Ready]);
    tracing::info!("reading {} meters on {} sources", config.meter.len(), config.source.len());
    loop {
        tokio::select! {
            _ = terminate.recv() => break,
            _ = interrupt.recv() => break,
            ended = sources.join_next(), if !sources.is_empty() => {
                if let Some(Err(error)) = ended {
                    tracing::error!("a source has ended: {error}");
                }
                // Files are read to their end; without a page there is nobody left to work for.
                let served = config.web.enabled || !config.mqtt.is_empty() || !config.telegram_server.is_empty();
                if sources.is_empty() && !served {
                    break;
                }
            }
        }
    }
    let _ = sd_notify::notify(&[sd_notify::NotifyState::Stopping]);
    sources.shutdown().await;
    // What the last readings closed is published before the goodbye.
    let _ = leave.send(true);
    let _ = tokio::time::timeout(FAREWELL, async { while sinks.join_next().await.is_some() {} }).await;
    tasks.shutdown().await;
    // Nobody publishes any more: the other sinks write what they have and end.
    let _ = tokio::time::timeout(FAREWELL, async { while listeners.join_next().await.is_some() {} }).await;
    Ok(())
}

fn load_marks(store: &Store) -> Result<HashMap<MarkKey, Mark>, Failure> {
    let marks = store.marks()?;
    Ok(marks
        .into_iter()
        .filter_map(|(key, title, mark)| Some(((hex::array(&key)?, hex::array(&title)?), mark)))
        .collect())
}
