//! Delivery: alerts to a receiver that may be away: in order, from a bounded queue, tried again ever more seldom.

use std::collections::VecDeque;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::broadcast::{self, error::RecvError};
use tokio::time::Instant;

use super::Notice;
use crate::observe::{Observer, Trouble, count};

/// So many may wait; the oldest is given up for the newest.
const WAITING: usize = 50;
/// The trouble's code.
const UNDELIVERED: &[&str] = &["alert-undelivered"];

/// How long is waited, and for what.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// After the first failure; then twice as long each time.
    pub first: Duration,
    /// At most.
    pub longest: Duration,
    /// What could not be delivered for so long is given up.
    pub give_up_after: Duration,
}

impl Pace {
    /// 2 s, 4 s and so on to 5 minutes.
    pub const fn new(give_up_after: Duration) -> Self {
        Self { first: Duration::from_secs(2), longest: Duration::from_mins(5), give_up_after }
    }
}

/// Why one was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// For people.
    pub why: String,
    /// It may be taken later.
    pub again: bool,
}

/// A receiver.
pub trait Post: Send {
    /// Hands one over. Ends by itself.
    fn send(&self, notice: &Notice) -> impl Future<Output = Result<(), Refused>> + Send;
}

/// What the health page calls a receiver.
#[derive(Clone, Debug)]
pub struct Place {
    /// `webhook`, `mail`.
    pub kind: &'static str,
    /// Which of them.
    pub name: String,
    /// Where it is, for people.
    pub target: String,
}

/// Hands over every alert until nobody says any more.
pub async fn deliver(
    Place { kind, name, target }: Place,
    post: impl Post,
    mut alerts: broadcast::Receiver<Arc<Notice>>,
    observer: Observer,
    pace: Pace,
) {
    let subject = format!("{kind} {name}");
    let note = |what: &str, more: u64| observer.sink(kind, &name, |sink| count(&mut sink.counters, what, more));
    observer.sink(kind, &name, |sink| {
        sink.target.clone_from(&target);
        sink.state = "ready".into();
    });
    let mut waiting: VecDeque<(Instant, Arc<Notice>)> = VecDeque::new();
    let (mut wait, mut due) = (pace.first, Instant::now());
    let mut open = true;
    while open || !waiting.is_empty() {
        tokio::select! {
            biased;
            notice = alerts.recv(), if open => match notice {
                Ok(notice) => {
                    if waiting.len() == WAITING {
                        waiting.pop_front();
                        note("dropped", 1);
                    }
                    waiting.push_back((Instant::now(), notice));
                }
                Err(RecvError::Lagged(missed)) => note("dropped", missed),
                // A last attempt for what is left.
                Err(RecvError::Closed) => {
                    open = false;
                    due = Instant::now();
                }
            },
            () = tokio::time::sleep_until(due), if !waiting.is_empty() => {
                let Some((since, notice)) = waiting.front() else { continue };
                let (late, result) = (since.elapsed() >= pace.give_up_after, post.send(notice).await);
                match result {
                    Ok(()) => {
                        waiting.pop_front();
                        note("sent", 1);
                        observer.sink(kind, &name, |sink| sink.state = "ready".into());
                        observer.clear(&subject, UNDELIVERED);
                        (wait, due) = (pace.first, Instant::now());
                    }
                    Err(Refused { why, again }) => {
                        note("failed", 1);
                        observer.sink(kind, &name, |sink| sink.state = "away".into());
                        observer.raise(&subject, &Trouble::AlertUndelivered { target: target.clone(), why });
                        if !again || late || !open {
                            waiting.pop_front();
                            note("dropped", 1);
                        }
                        if again {
                            due = Instant::now() + if open { wait } else { Duration::ZERO };
                            wait = (wait * 2).min(pace.longest);
                        }
                    }
                }
            }
        }
        observer.sink(kind, &name, |sink| sink.queued = waiting.len() as u64);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use smarty_ledger::alert::{Code, Event, Facts, State};

    use super::*;

    /// Refuses so often, then takes.
    struct Fickle {
        refuse: Mutex<u32>,
        again: bool,
        taken: Arc<Mutex<Vec<i64>>>,
    }

    impl Post for Fickle {
        async fn send(&self, notice: &Notice) -> Result<(), Refused> {
            let mut refuse = self.refuse.lock().unwrap();
            if *refuse > 0 {
                *refuse -= 1;
                return Err(Refused { why: "not now".into(), again: self.again });
            }
            self.taken.lock().unwrap().push(notice.event.time);
            Ok(())
        }
    }

    fn notice(time: i64) -> Arc<Notice> {
        let facts = Facts::Silence { age_s: time };
        let event = Event { code: Code::NoTelegrams, phase: None, state: State::Begin, time, since: 0, facts };
        Arc::new(Notice::new(&"home".into(), event))
    }

    /// What arrives of so many, and the counters, when so many have been taken or given up.
    async fn taken(refuse: u32, again: bool, many: i64, done: u64) -> (Vec<i64>, crate::observe::Counters, usize) {
        let (sender, receiver) = broadcast::channel(64);
        let observer = Observer::new();
        let taken = Arc::default();
        let post = Fickle { refuse: Mutex::new(refuse), again, taken: Arc::clone(&taken) };
        let watched = observer.clone();
        let millis = Duration::from_millis;
        let place = Place { kind: "test", name: "alert".into(), target: "there".into() };
        let pace = Pace { first: millis(1), longest: millis(50), give_up_after: millis(200) };
        for time in 0..many {
            assert!(sender.send(notice(time)).is_ok());
        }
        let work = tokio::spawn(deliver(place, post, receiver, watched, pace));
        let ended = |name: &str| {
            observer.health().sinks.first().map_or(0, |sink| sink.counters.get(name).copied().unwrap_or(0))
        };
        while ended("sent") + ended("dropped") < done {
            tokio::time::sleep(millis(5)).await;
        }
        let health = observer.health();
        drop(sender);
        work.await.unwrap();
        let taken = taken.lock().unwrap().clone();
        (taken, health.sinks[0].counters.clone(), health.problems.len())
    }

    #[tokio::test]
    async fn what_is_refused_for_now_comes_later_in_order() {
        let (taken, counters, problems) = taken(5, true, 3, 3).await;
        assert_eq!(taken, [0, 1, 2]);
        assert_eq!((counters["sent"], counters["failed"], problems), (3, 5, 0));
    }

    #[tokio::test]
    async fn what_is_refused_for_good_keeps_nobody_waiting() {
        let (taken, counters, _) = taken(1, false, 3, 3).await;
        assert_eq!(taken, [1, 2]);
        assert_eq!((counters["sent"], counters["dropped"]), (2, 1));
    }

    #[tokio::test]
    async fn the_queue_is_bounded_and_what_is_too_old_is_given_up() {
        let (taken, counters, problems) = taken(u32::MAX, true, 60, 12).await;
        assert!(taken.is_empty(), "{taken:?}");
        assert!(counters["dropped"] >= 12, "ten had no place, others were too old: {counters:?}");
        // 1 ms, 2 ms, … 50 ms: some attempts, not thousands.
        assert!(counters["failed"] < 60, "{counters:?}");
        assert_eq!(problems, 1);
    }
}
