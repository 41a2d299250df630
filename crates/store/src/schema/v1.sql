-- Version 1. Times are Unix seconds (UTC), spans half open, energies Wh and varh, powers W, voltages mV.

-- A metering point. `zone` is where its days begin.
CREATE TABLE meter (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    zone TEXT NOT NULL
) STRICT;

-- A physical meter at a metering point. `seen`: which quantities it has ever sent, in `seen`.
CREATE TABLE segment (
    id INTEGER PRIMARY KEY,
    meter INTEGER NOT NULL REFERENCES meter,
    equipment TEXT NOT NULL,
    first_time INTEGER NOT NULL,
    UNIQUE (meter, equipment)
) STRICT;

-- When a segment sent a quantity for the first time, and for the last time as far as it is sealed.
CREATE TABLE seen (
    segment INTEGER NOT NULL REFERENCES segment,
    quantity TEXT NOT NULL,
    first_time INTEGER NOT NULL,
    last_time INTEGER NOT NULL,
    PRIMARY KEY (segment, quantity)
) STRICT, WITHOUT ROWID;

-- The newest telegrams. One column a quantity is added behind these when the file is opened.
-- clock: 0 the meter's, 1 the host's. proof: 0 tag, 1 CRC, 2 plain, 3 published.
CREATE TABLE live (
    segment INTEGER NOT NULL REFERENCES segment,
    time INTEGER NOT NULL,
    ident INTEGER NOT NULL,
    received INTEGER NOT NULL,
    clock INTEGER NOT NULL,
    proof INTEGER NOT NULL,
    PRIMARY KEY (segment, time, ident)
) STRICT, WITHOUT ROWID;

-- Telegrams of an hour (span 3600) or a day (span 86400) of UTC as compressed columns.
CREATE TABLE block (
    id INTEGER PRIMARY KEY,
    segment INTEGER NOT NULL REFERENCES segment,
    start INTEGER NOT NULL,
    span INTEGER NOT NULL,
    count INTEGER NOT NULL,
    first_time INTEGER NOT NULL,
    last_time INTEGER NOT NULL,
    data BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX block_place ON block (segment, span, start);

-- Quarter-hours that are over. Unknown energies are NULL.
CREATE TABLE quarter_hour (
    meter INTEGER NOT NULL REFERENCES meter,
    start INTEGER NOT NULL,
    energy_import_wh INTEGER,
    energy_export_wh INTEGER,
    reactive_energy_import_varh INTEGER,
    reactive_energy_export_varh INTEGER,
    -- Both borders were measured.
    complete INTEGER NOT NULL,
    power_net_min_w INTEGER,
    power_net_max_w INTEGER,
    power_net_sum_w INTEGER,
    power_net_count INTEGER NOT NULL,
    power_net_mean_w INTEGER GENERATED ALWAYS AS (
        CASE WHEN power_net_count > 0 THEN CAST(round(1.0 * power_net_sum_w / power_net_count) AS INTEGER) END
    ) VIRTUAL,
    voltage_min_mv INTEGER,
    voltage_max_mv INTEGER,
    telegrams INTEGER NOT NULL,
    PRIMARY KEY (meter, start)
) STRICT, WITHOUT ROWID;

-- Energy whose amount is known and whose shape is not.
CREATE TABLE gap (
    id INTEGER PRIMARY KEY,
    meter INTEGER NOT NULL REFERENCES meter,
    start INTEGER NOT NULL,
    "end" INTEGER NOT NULL,
    energy_import_wh INTEGER,
    energy_export_wh INTEGER,
    reactive_energy_import_varh INTEGER,
    reactive_energy_export_varh INTEGER,
    reason TEXT NOT NULL
) STRICT;
CREATE INDEX gap_span ON gap (meter, start);

CREATE TABLE day (
    meter INTEGER NOT NULL REFERENCES meter,
    start INTEGER NOT NULL,
    "end" INTEGER NOT NULL,
    -- In the meter's zone.
    date TEXT NOT NULL,
    energy_import_wh INTEGER,
    energy_export_wh INTEGER,
    reactive_energy_import_varh INTEGER,
    reactive_energy_export_varh INTEGER,
    -- Every quarter-hour of it was measured at both borders.
    complete INTEGER NOT NULL,
    -- The highest quarter-hour's energy times four, and its start.
    peak_import_w INTEGER,
    peak_time INTEGER,
    power_net_min_w INTEGER,
    power_net_max_w INTEGER,
    power_net_sum_w INTEGER,
    power_net_count INTEGER NOT NULL,
    power_net_mean_w INTEGER GENERATED ALWAYS AS (
        CASE WHEN power_net_count > 0 THEN CAST(round(1.0 * power_net_sum_w / power_net_count) AS INTEGER) END
    ) VIRTUAL,
    voltage_min_mv INTEGER,
    voltage_max_mv INTEGER,
    telegrams INTEGER NOT NULL,
    PRIMARY KEY (meter, start)
) STRICT, WITHOUT ROWID;

CREATE TABLE month (
    meter INTEGER NOT NULL REFERENCES meter,
    start INTEGER NOT NULL,
    "end" INTEGER NOT NULL,
    -- In the meter's zone.
    date TEXT NOT NULL,
    energy_import_wh INTEGER,
    energy_export_wh INTEGER,
    reactive_energy_import_varh INTEGER,
    reactive_energy_export_varh INTEGER,
    -- Every quarter-hour of it was measured at both borders.
    complete INTEGER NOT NULL,
    -- The highest quarter-hour's energy times four, and its start.
    peak_import_w INTEGER,
    peak_time INTEGER,
    power_net_min_w INTEGER,
    power_net_max_w INTEGER,
    power_net_sum_w INTEGER,
    power_net_count INTEGER NOT NULL,
    power_net_mean_w INTEGER GENERATED ALWAYS AS (
        CASE WHEN power_net_count > 0 THEN CAST(round(1.0 * power_net_sum_w / power_net_count) AS INTEGER) END
    ) VIRTUAL,
    voltage_min_mv INTEGER,
    voltage_max_mv INTEGER,
    telegrams INTEGER NOT NULL,
    PRIMARY KEY (meter, start)
) STRICT, WITHOUT ROWID;

-- Texts and unknown objects, where they changed.
CREATE TABLE text (
    segment INTEGER NOT NULL REFERENCES segment,
    code TEXT NOT NULL,
    time INTEGER NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (segment, code, time)
) STRICT, WITHOUT ROWID;

-- Values that were not believed. state: 0 open, 1 accepted, 2 dismissed.
CREATE TABLE quarantine (
    id INTEGER PRIMARY KEY,
    segment INTEGER NOT NULL REFERENCES segment,
    quantity TEXT NOT NULL,
    time INTEGER NOT NULL,
    value INTEGER NOT NULL,
    previous INTEGER NOT NULL,
    reason TEXT NOT NULL,
    -- How many values in a row agreed with it, and the last of them.
    count INTEGER NOT NULL,
    last_time INTEGER NOT NULL,
    last_value INTEGER NOT NULL,
    state INTEGER NOT NULL
) STRICT;
CREATE INDEX quarantine_segment ON quarantine (segment, state);

-- The newest frame counter by key, against replays.
CREATE TABLE frame_counter (
    fingerprint TEXT NOT NULL,
    system_title TEXT NOT NULL,
    counter INTEGER NOT NULL,
    time INTEGER NOT NULL,
    PRIMARY KEY (fingerprint, system_title)
) STRICT, WITHOUT ROWID;

-- What the program must remember: the ledger of a meter (segment 0), the last good registers of a segment.
CREATE TABLE account (
    meter INTEGER NOT NULL,
    segment INTEGER NOT NULL,
    state BLOB NOT NULL,
    PRIMARY KEY (meter, segment)
) STRICT, WITHOUT ROWID;
