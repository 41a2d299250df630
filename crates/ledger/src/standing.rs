//! Standing: where the registers of active energy stand at a publication, and the power between two.

use smarty_p1::Values;

use crate::sample::Register;

/// Where the registers stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// UTC seconds, the meter's.
    pub time: i64,
    /// Which physical meter spoke, as in [`Sample::segment`](crate::Sample::segment).
    pub segment: i64,
    /// Wh.
    pub import_wh: Option<i64>,
    /// Wh.
    pub export_wh: Option<i64>,
}

/// Mean powers between two publications, hundredths of a watt, rounded half up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MeanPower {
    /// From the grid.
    pub import_cw: Option<i64>,
    /// Into the grid.
    pub export_cw: Option<i64>,
}

impl Standing {
    /// Picks the registers out of a telegram's values.
    pub fn of(time: i64, segment: i64, values: &Values) -> Self {
        let total = |register: Register| values.total(register.quantity());
        Self { time, segment, import_wh: total(Register::Import), export_wh: total(Register::Export) }
    }

    /// The power that the registers say, by the real time since the publication before. Nothing where no time
    /// has passed, where another meter spoke then, or for a register that went back.
    #[must_use]
    pub fn power_since(&self, before: &Self) -> MeanPower {
        if self.segment != before.segment {
            return MeanPower::default();
        }
        let seconds = i128::from(self.time) - i128::from(before.time);
        MeanPower {
            import_cw: mean(before.import_wh, self.import_wh, seconds),
            export_cw: mean(before.export_wh, self.export_wh, seconds),
        }
    }
}

/// A register's rise over a time as a power.
fn mean(from: Option<i64>, to: Option<i64>, seconds: i128) -> Option<i64> {
    let rise = i128::from(to?) - i128::from(from?);
    if seconds <= 0 || rise < 0 {
        return None;
    }
    // 3600 s an hour, 100 hundredths.
    i64::try_from((rise * 360_000 + seconds / 2) / seconds).ok()
}
