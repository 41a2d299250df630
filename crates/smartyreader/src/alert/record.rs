//! Record: the alerts that are open, and the last ones said. In memory: after a restart it begins anew.

use std::collections::VecDeque;
use std::sync::Arc;

use smarty_ledger::alert::State;

use super::Notice;

/// So many are kept.
pub const RECENT: usize = 50;

/// What was said.
#[derive(Clone, Debug, Default)]
pub struct Record {
    /// What is there now, oldest first, as last said.
    pub open: Vec<Arc<Notice>>,
    /// What was said, newest first.
    pub recent: VecDeque<Arc<Notice>>,
}

impl Record {
    /// Takes down what is said.
    pub fn take(&mut self, notice: &Arc<Notice>) {
        let place = self.open.iter().position(|open| open.is_about(notice));
        match (notice.event.state, place) {
            (State::Over, Some(place)) => {
                self.open.remove(place);
            }
            (State::Over, None) => {}
            (_, Some(place)) => self.open[place] = Arc::clone(notice),
            (_, None) => self.open.push(Arc::clone(notice)),
        }
        self.recent.truncate(RECENT - 1);
        self.recent.push_front(Arc::clone(notice));
    }
}

#[cfg(test)]
mod tests {
    use smarty_ledger::alert::{Code, Event, Facts};

    use super::*;

    fn notice(code: Code, phase: u8, state: State, time: i64) -> Arc<Notice> {
        let facts = Facts::Level { value: 1, limit: 2, worst: 1 };
        Arc::new(Notice::new(&"home".into(), Event { code, phase: Some(phase), state, time, since: 0, facts }))
    }

    #[test]
    fn open_is_what_began_and_is_not_over() {
        let mut record = Record::default();
        for (phase, state) in [(1, State::Begin), (2, State::Begin), (1, State::Still), (2, State::Over)] {
            record.take(&notice(Code::VoltageLow, phase, state, i64::from(phase)));
        }
        let open: Vec<_> = record.open.iter().map(|open| (open.event.phase, open.event.state)).collect();
        assert_eq!(open, [(Some(1), State::Still)]);
        assert_eq!(record.recent.len(), 4);
        assert_eq!(record.recent[0].event.state, State::Over);
        for time in 0..100 {
            record.take(&notice(Code::VoltageHigh, 1, State::Begin, time));
        }
        assert_eq!((record.open.len(), record.recent.len()), (2, RECENT));
        assert_eq!(record.recent[0].event.time, 99);
    }
}
