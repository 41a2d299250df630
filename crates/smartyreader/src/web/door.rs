//! Door: how many are let in at once, and how long they may take to say what they want.

use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::serve::Listener;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinSet;

/// Connections at once: far below the 1024 files that a process may usually have open, and much for a household.
const MOST_GUESTS: usize = 64;
/// The head of a request is there within this long, and so is a body: the first one's from the connection on, a further one's from
/// the last answer on.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);
/// Where all places are taken, those that have said nothing for as long as this make room. A request needs a moment to come.
const NEW: Duration = Duration::from_secs(1);
/// While all places are taken, who could leave is asked so often.
const ASK: Duration = Duration::from_millis(250);
/// What nobody has taken in after this long (milliseconds), nobody will: listeners whose machine sleeps or has left.
const UNREAD_MS: u32 = 60_000;

/// Lets in whoever comes, as long as it is polled; then all of them are gone, too.
pub async fn serve(mut listener: TcpListener, router: Router) {
    let mut guests = JoinSet::new();
    let full = Arc::new(Notify::new());
    loop {
        // axum's: an error, such as no file to be had, is said and tried again a second later.
        let (stream, _) = Listener::accept(&mut listener).await;
        while guests.try_join_next().is_some() {}
        while guests.len() >= MOST_GUESTS {
            full.notify_waiters();
            let _ = tokio::time::timeout(ASK, guests.join_next()).await;
        }
        guests.spawn(entertain(stream, router.clone(), Arc::clone(&full)));
    }
}

async fn entertain(stream: TcpStream, router: Router, full: Arc<Notify>) {
    let since = Instant::now();
    // A live value is a small packet and must not wait for the next one.
    let _ = stream.set_nodelay(true);
    let _ = rustix::net::sockopt::set_tcp_user_timeout(&stream, UNREAD_MS);
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(PATIENCE);
    let mut connection = pin!(http.serve_connection(TokioIo::new(stream), TowerToHyperService::new(router)));
    loop {
        tokio::select! {
            // However it ended: who broke off or spoke no HTTP hears nothing, and nobody else needs to.
            _ = connection.as_mut() => return,
            () = full.notified() => if since.elapsed() > NEW {
                // At once where it is silent, else behind the answer that is on its way; an event stream has no end.
                connection.as_mut().graceful_shutdown();
            },
        }
    }
}
