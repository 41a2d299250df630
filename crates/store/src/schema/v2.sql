-- Version 2: how far each receiver of quarter-hours has acknowledged them.

-- Everything that ends at or before `position` (UTC seconds) has reached the receiver.
CREATE TABLE receiver (
    name TEXT NOT NULL,
    meter TEXT NOT NULL,
    position INTEGER NOT NULL,
    PRIMARY KEY (name, meter)
) STRICT, WITHOUT ROWID;
