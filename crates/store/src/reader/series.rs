//! Series: curves of quantities over a span, raw or by steps.

use std::ops::Range;

use rusqlite::types::Value;
use smarty_p1::{Kind, Quantity};

use super::{Meter, Reader};
use crate::codec::{Block, Column};
use crate::error::StoreError;
use crate::seal::{DAY, HOUR, Sealed};

/// What a curve is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SeriesQuantity {
    /// Something that meters send.
    Of(Quantity),
    /// Import minus export.
    PowerNet,
}

impl SeriesQuantity {
    /// The outward name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Of(quantity) => quantity.name(),
            Self::PowerNet => "power_net_w",
        }
    }

    /// By its outward name.
    pub fn from_name(name: &str) -> Option<Self> {
        if name == Self::PowerNet.name() {
            return Some(Self::PowerNet);
        }
        Quantity::from_name(name).map(Self::Of)
    }

    /// Of a step the last value is given, not the mean.
    fn last_counts(self) -> bool {
        match self {
            Self::Of(quantity) => quantity.kind() != Kind::Instant,
            Self::PowerNet => false,
        }
    }
}

/// How fine a curve is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resolution {
    /// Each telegram.
    Raw,
    /// Steps of so many seconds, which begin at multiples of them.
    Step(u32),
}

/// Curves over the same times.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Series {
    /// Seconds of a step; 0: each telegram.
    pub resolution_s: u32,
    /// The starts of the steps that have a telegram, or the times of the telegrams.
    pub time: Vec<i64>,
    /// One for each quantity that was asked for, in that order.
    pub columns: Vec<SeriesColumn>,
}

/// One curve. `None`: the meter did not send it then. Raw ones have no `min` and `max`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeriesColumn {
    /// What it is of.
    pub quantity: SeriesQuantity,
    /// The lowest of each step.
    pub min: Vec<Option<i64>>,
    /// The mean of each step; the last value of a register, counter or state; the value itself of a raw curve.
    pub mean: Vec<Option<i64>>,
    /// The highest of each step.
    pub max: Vec<Option<i64>>,
}

/// More steps than anyone can look at, and than memory is spent on.
const MOST_STEPS: i64 = 100_000;

/// Telegrams from one source: their times, in order, and a column for each quantity.
struct Chunk {
    times: Vec<i64>,
    columns: Vec<Option<Column>>,
}

impl Reader {
    /// Curves of a meter's quantities over a span. Steps without a telegram are left out. Net power by quarter-hours
    /// or longer comes from the accounts, everything else from the telegrams.
    ///
    /// # Errors
    /// [`StoreError::Unknown`] meter, [`StoreError::TooLong`] span, and those of the database.
    pub fn series(
        &self,
        meter: &str,
        quantities: &[SeriesQuantity],
        from: i64,
        to: i64,
        resolution: Resolution,
    ) -> Result<Series, StoreError> {
        let _moment = self.moment()?;
        let meter = self.meter(meter)?;
        let step = match resolution {
            Resolution::Raw | Resolution::Step(0) => return self.raw(&meter, quantities, from, to),
            Resolution::Step(step) => step,
        };
        let mut grid = Grid::new(quantities, from, to, step)?;
        if step.is_multiple_of(900) && quantities == [SeriesQuantity::PowerNet] {
            let rest = self.rolled_up(&meter, &mut grid, from, to)?;
            self.chunks(&meter, quantities, rest, to, |chunk| grid.add(chunk))?;
        } else {
            self.chunks(&meter, quantities, from, to, |chunk| grid.add(chunk))?;
        }
        Ok(grid.finish())
    }

    fn raw(&self, meter: &Meter, quantities: &[SeriesQuantity], from: i64, to: i64) -> Result<Series, StoreError> {
        let mut time = Vec::new();
        let mut columns: Vec<Vec<Option<i64>>> = vec![Vec::new(); quantities.len()];
        self.chunks(meter, quantities, from, to, |chunk| {
            let length = chunk.times.len();
            time.extend(chunk.times);
            for (column, part) in columns.iter_mut().zip(&chunk.columns) {
                match part {
                    Some(part) => column.extend(part.spread()),
                    None => column.extend(std::iter::repeat_n(None, length)),
                }
            }
        })?;
        if !time.is_sorted() {
            let mut order: Vec<usize> = (0..time.len()).collect();
            order.sort_by_key(|&row| time[row]);
            time = order.iter().map(|&row| time[row]).collect();
            for column in &mut columns {
                *column = order.iter().map(|&row| column[row]).collect();
            }
        }
        let columns = quantities
            .iter()
            .zip(columns)
            .map(|(&quantity, mean)| SeriesColumn { quantity, min: Vec::new(), mean, max: Vec::new() })
            .collect();
        Ok(Series { resolution_s: 0, time, columns })
    }

    /// Net power from the accounts. Returns from when on the telegrams must be asked.
    fn rolled_up(&self, meter: &Meter, grid: &mut Grid, from: i64, to: i64) -> Result<i64, StoreError> {
        let sql = "SELECT start, power_net_min_w, power_net_max_w, power_net_sum_w, power_net_count, telegrams \
                   FROM quarter_hour WHERE meter = ? AND start >= ? AND start < ? AND telegrams > 0";
        let first = (from + 899).div_euclid(900) * 900;
        let last = to.div_euclid(900) * 900;
        // A quarter-hour that the span cuts cannot be taken whole: then there is no shortcut.
        if first != from {
            return Ok(from);
        }
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut rows = statement.query([meter.id, first, last])?;
        while let Some(row) = rows.next()? {
            let step = grid.step_of(row.get(0)?);
            grid.telegrams[step] = true;
            if let (Some(min), Some(max), Some(sum)) = (row.get(1)?, row.get(2)?, row.get(3)?) {
                grid.cells[0][step].merge(&Cell { min, max, sum, count: row.get(4)?, last: (0, 0) });
            }
        }
        let running = self.running_of(meter.id)?.map_or(from, |running| running.start);
        Ok(running.clamp(from, last.max(from)))
    }

    /// Hands out the telegrams of a span, source by source; each source in the order of time.
    fn chunks(
        &self,
        meter: &Meter,
        quantities: &[SeriesQuantity],
        from: i64,
        to: i64,
        mut take: impl FnMut(Chunk),
    ) -> Result<(), StoreError> {
        if from >= to {
            return Ok(());
        }
        for (segment, _) in self.segments(meter.id)? {
            for span in [DAY, HOUR] {
                let sql = "SELECT id, start, count, data FROM block \
                           WHERE segment = ? AND span = ? AND start > ? AND start < ? ORDER BY start";
                let mut statement = self.connection.prepare_cached(sql)?;
                let mut rows = statement.query([segment, span, from - span, to])?;
                while let Some(row) = rows.next()? {
                    let (id, start, count) = (row.get(0)?, row.get(1)?, row.get(2)?);
                    let sealed = Sealed { id, segment, start, span, count };
                    let data = row.get_ref(3)?.as_blob().unwrap_or_default();
                    let chunk = self.block_chunk(data, quantities).ok_or_else(|| sealed.damaged())?;
                    take(chunk.cut(from, to));
                }
            }
            take(self.live_chunk(segment, quantities, from, to)?);
        }
        Ok(())
    }

    fn block_chunk(&self, data: &[u8], quantities: &[SeriesQuantity]) -> Option<Chunk> {
        let mut decoder = self.decoder.borrow_mut();
        let block = Block::open(data)?;
        let times = decoder.times(&block)?;
        let mut columns = Vec::with_capacity(quantities.len());
        for quantity in quantities {
            columns.push(match quantity {
                SeriesQuantity::Of(quantity) => decoder.column(&block, quantity.code()).ok()?,
                SeriesQuantity::PowerNet => net(
                    decoder.column(&block, Quantity::PowerImport.code()).ok()?,
                    decoder.column(&block, Quantity::PowerExport.code()).ok()?,
                ),
            });
        }
        Some(Chunk { times, columns })
    }

    fn live_chunk(&self, segment: i64, quantities: &[SeriesQuantity], from: i64, to: i64) -> Result<Chunk, StoreError> {
        let mut sql = "SELECT time".to_owned();
        for quantity in quantities {
            sql.push_str(", ");
            sql.push_str(match quantity {
                SeriesQuantity::Of(quantity) => quantity.name(),
                SeriesQuantity::PowerNet => "power_import_w - coalesce(power_export_w, 0)",
            });
        }
        sql.push_str(" FROM live WHERE segment = ? AND time >= ? AND time < ? ORDER BY time, ident");
        let mut statement = self.connection.prepare_cached(&sql)?;
        let mut rows = statement.query([segment, from, to])?;
        let mut times = Vec::new();
        let mut cells: Vec<Vec<Option<i64>>> = vec![Vec::new(); quantities.len()];
        while let Some(row) = rows.next()? {
            times.push(row.get(0)?);
            for (index, column) in cells.iter_mut().enumerate() {
                column.push(match row.get(index + 1)? {
                    Value::Integer(value) => Some(value),
                    _ => None,
                });
            }
        }
        let columns = cells.iter().map(|cells| Some(Column::gathered(0, cells))).collect();
        Ok(Chunk { times, columns })
    }
}

impl Chunk {
    /// Only the telegrams of a span.
    fn cut(mut self, from: i64, to: i64) -> Self {
        let first = self.times.partition_point(|&time| time < from);
        let last = self.times.partition_point(|&time| time < to);
        if (first, last) == (0, self.times.len()) {
            return self;
        }
        for column in self.columns.iter_mut().flatten() {
            let cells: Vec<Option<i64>> = column.spread().take(last).skip(first).collect();
            *column = Column::gathered(0, &cells);
        }
        self.times.truncate(last);
        self.times.drain(..first);
        self
    }
}

/// Import minus export; a meter without export has none, a telegram without import no net power.
fn net(import: Option<Column>, export: Option<Column>) -> Option<Column> {
    let mut import = import?;
    let Some(export) = export else { return Some(import) };
    if import.present.is_none() && export.present.is_none() {
        for (power, back) in import.values.iter_mut().zip(&export.values) {
            *power = power.wrapping_sub(*back);
        }
        return Some(import);
    }
    let cells: Vec<Option<i64>> = import
        .spread()
        .zip(export.spread())
        .map(|(power, back)| Some(power?.wrapping_sub(back.unwrap_or(0))))
        .collect();
    Some(Column::gathered(0, &cells))
}

/// One quantity in one step.
#[derive(Clone, Copy)]
struct Cell {
    min: i64,
    max: i64,
    sum: i64,
    count: i64,
    last: (i64, i64),
}

impl Cell {
    const EMPTY: Self = Self { min: i64::MAX, max: i64::MIN, sum: 0, count: 0, last: (i64::MIN, 0) };

    fn add(&mut self, time: i64, value: i64) {
        self.merge(&Self { min: value, max: value, sum: value, count: 1, last: (time, value) });
    }

    fn merge(&mut self, other: &Self) {
        self.min = self.min.min(other.min);
        self.max = self.max.max(other.max);
        self.sum = self.sum.saturating_add(other.sum);
        self.count += other.count;
        if other.last.0 >= self.last.0 {
            self.last = other.last;
        }
    }
}

/// All steps of the span, whether they have a telegram or not.
struct Grid {
    quantities: Vec<SeriesQuantity>,
    step: u32,
    first: i64,
    telegrams: Vec<bool>,
    cells: Vec<Vec<Cell>>,
}

impl Grid {
    fn new(quantities: &[SeriesQuantity], from: i64, to: i64, step: u32) -> Result<Self, StoreError> {
        let seconds = i64::from(step);
        let first = from.div_euclid(seconds);
        let steps = if to > from { (to - 1).div_euclid(seconds) - first + 1 } else { 0 };
        if steps > MOST_STEPS {
            return Err(StoreError::TooLong { steps, most: MOST_STEPS });
        }
        Ok(Self {
            quantities: quantities.to_vec(),
            step,
            first,
            telegrams: vec![false; steps as usize],
            cells: vec![vec![Cell::EMPTY; steps as usize]; quantities.len()],
        })
    }

    fn step_of(&self, time: i64) -> usize {
        (time.div_euclid(i64::from(self.step)) - self.first) as usize
    }

    fn add(&mut self, chunk: Chunk) {
        let Chunk { times, columns } = chunk;
        let runs = self.runs(&times);
        for (step, _) in &runs {
            self.telegrams[*step] = true;
        }
        for (cells, column) in self.cells.iter_mut().zip(columns) {
            let Some(column) = column else { continue };
            if column.present.is_some() {
                let mut spread = column.spread();
                for (step, rows) in &runs {
                    for row in rows.clone() {
                        if let Some(Some(value)) = spread.next() {
                            cells[*step].add(times[row], value);
                        }
                    }
                }
                continue;
            }
            for (step, rows) in &runs {
                let values = &column.values[rows.clone()];
                cells[*step].merge(&Cell {
                    min: values.iter().copied().fold(i64::MAX, i64::min),
                    max: values.iter().copied().fold(i64::MIN, i64::max),
                    sum: values.iter().copied().fold(0, i64::saturating_add),
                    count: values.len() as i64,
                    last: (times[rows.end - 1], values[values.len() - 1]),
                });
            }
        }
    }

    /// Which telegrams fall into which step.
    fn runs(&self, times: &[i64]) -> Vec<(usize, Range<usize>)> {
        let mut runs = Vec::new();
        let mut start = 0;
        while start < times.len() {
            let step = self.step_of(times[start]);
            let end_time = (self.first + step as i64 + 1) * i64::from(self.step);
            let length = times[start..].partition_point(|&time| time < end_time);
            runs.push((step, start..start + length));
            start += length;
        }
        runs
    }

    fn finish(self) -> Series {
        let used: Vec<usize> = (0..self.telegrams.len()).filter(|&step| self.telegrams[step]).collect();
        let time = used.iter().map(|&step| (self.first + step as i64) * i64::from(self.step)).collect();
        let columns = self
            .quantities
            .iter()
            .zip(&self.cells)
            .map(|(&quantity, cells)| {
                let pick = |of: &dyn Fn(&Cell) -> i64| -> Vec<Option<i64>> {
                    used.iter().map(|&step| &cells[step]).map(|cell| (cell.count > 0).then(|| of(cell))).collect()
                };
                let mean = |cell: &Cell| {
                    if quantity.last_counts() {
                        cell.last.1
                    } else {
                        cell.sum.saturating_add(cell.count / 2).div_euclid(cell.count)
                    }
                };
                SeriesColumn { quantity, min: pick(&|cell| cell.min), mean: pick(&mean), max: pick(&|cell| cell.max) }
            })
            .collect();
        Series { resolution_s: self.step, time, columns }
    }
}
