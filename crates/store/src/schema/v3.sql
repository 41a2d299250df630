-- Version 3: the meters behind the meter, on its M-Bus.

-- Known by its own identifier; channel, type and valve are as the telegram of `state_time` had them.
CREATE TABLE device (
    id INTEGER PRIMARY KEY,
    meter INTEGER NOT NULL REFERENCES meter,
    identifier TEXT NOT NULL,
    -- Of the values: dm3, mj or wh.
    unit TEXT NOT NULL,
    device_type INTEGER,
    channel INTEGER NOT NULL,
    valve INTEGER,
    state_time INTEGER NOT NULL,
    UNIQUE (meter, identifier)
) STRICT;

-- Its register at its own times. restart: 1 where someone said that the register began anew.
CREATE TABLE device_reading (
    device INTEGER NOT NULL REFERENCES device,
    time INTEGER NOT NULL,
    value INTEGER NOT NULL,
    restart INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (device, time)
) STRICT, WITHOUT ROWID;
CREATE INDEX device_restart ON device_reading (device, time) WHERE restart = 1;

-- Whose register it is, where it is that of a device.
ALTER TABLE quarantine ADD COLUMN device INTEGER REFERENCES device;
