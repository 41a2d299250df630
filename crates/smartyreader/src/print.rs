//! Print: what commands say, on standard output and standard error.
//!
//! The standard library's `println!` and its kin end the process with a panic where nobody takes what is said: the pipe is closed,
//! the disk is full. These have the same names and take their place in the whole library. On standard output they, and
//! [`Output`], end the command as the rest of a pipe would; what standard error does not take is lost.

use std::fmt::Arguments;
use std::io::{self, ErrorKind, Write};

use crate::exit::Code;

/// On standard output, at once.
macro_rules! print {
    ($($words:tt)*) => { $crate::print::out(::std::format_args!($($words)*)) };
}

/// A line on standard output.
macro_rules! println {
    () => { $crate::print::out(::std::format_args!("\n")) };
    ($($words:tt)*) => { $crate::print::out(::std::format_args!("{}\n", ::std::format_args!($($words)*))) };
}

/// A line on standard error.
macro_rules! eprintln {
    ($($words:tt)*) => { $crate::print::err(::std::format_args!("{}\n", ::std::format_args!($($words)*))) };
}

/// Standard output, for what writes to many places.
pub(crate) struct Output;

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        taken(io::stdout().write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        taken(io::stdout().flush())
    }
}

pub(crate) fn out(words: Arguments) {
    // Every other error has ended the process.
    let _ = Output.write_fmt(words).and_then(|()| Output.flush());
}

pub(crate) fn err(words: Arguments) {
    // There is nobody left who could be told.
    let _ = io::stderr().write_fmt(words);
}

/// What was taken; an error ends the process, wherever the command is: there is nobody to work for any more. What has to last is
/// written so that it may be cut off anywhere.
fn taken<T>(result: io::Result<T>) -> io::Result<T> {
    let code = match &result {
        Ok(_) => return result,
        Err(error) if error.kind() == ErrorKind::Interrupted => return result,
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Code::Unheard,
        Err(error) => {
            eprintln!("smartyreader: the output cannot be written: {error}");
            Code::Io
        }
    };
    std::process::exit(code as i32)
}
