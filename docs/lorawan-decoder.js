// Reads the board's record of a quarter-hour, for The Things Stack and ChirpStack (payload formatter, codec).
// The layout is that of firmware/app/src/lora/record.rs. What is not known is left out.

function decodeUplink(input) {
  var bytes = input.bytes;
  if (input.fPort !== undefined && input.fPort !== 1) {
    return { errors: ["a record comes on port 1, this came on port " + input.fPort] };
  }
  if (bytes.length !== 24) {
    return { errors: ["a record has 24 bytes, this has " + bytes.length] };
  }
  if (bytes[0] !== 1) {
    return { errors: ["layout " + bytes[0] + " is not known here; take a newer decoder"] };
  }
  // The highest byte first. No shifts: they would cut off what is above 32 bits.
  function number(from, to) {
    var value = 0;
    for (var at = from; at < to; at++) {
      value = value * 256 + bytes[at];
    }
    return value;
  }
  var data = { start: new Date(number(2, 6) * 1000).toISOString(), complete: (bytes[1] & 1) !== 0 };
  if (bytes[1] & 2) data.import_wh = number(6, 9);
  if (bytes[1] & 4) data.export_wh = number(9, 12);
  if (bytes[1] & 8) data.import_register_wh = number(12, 17);
  if (bytes[1] & 16) data.export_register_wh = number(17, 22);
  if (bytes[1] & 32) {
    var tens = number(22, 24);
    data.highest_power_w = (tens < 32768 ? tens : tens - 65536) * 10;
  }
  return { data: data };
}
