//! `password`: the hash of a password, or a token for scripts and its hash.

use clap::Args;
use zeroize::Zeroizing;

use crate::exit::{Code, Failure};
use crate::web::auth;

#[derive(Debug, Args)]
pub(super) struct Password {
    /// Make a token for scripts instead.
    #[arg(long)]
    token: bool,
    /// Read the password from standard input, one line, instead of asking.
    #[arg(long, conflicts_with = "token")]
    stdin: bool,
}

impl Password {
    pub(super) fn run(self) -> Result<(), Failure> {
        if self.token {
            let (token, hash) = auth::new_token()?;
            println!("# The token, shown only now: Authorization: Bearer {token}");
            println!("[web]\ntoken-hashes = [\"{hash}\"]");
            return Ok(());
        }
        let password = if self.stdin {
            let mut line = String::new();
            std::io::stdin().read_line(&mut line)?;
            Zeroizing::new(line.trim_end_matches(['\r', '\n']).to_string())
        } else {
            twice()?
        };
        println!("[web]\npassword-hash = \"{}\"", hash(&password)?);
        Ok(())
    }
}

/// The hash of a password that is long enough.
pub(super) fn hash(password: &str) -> Result<String, Failure> {
    if password.chars().count() < 8 {
        return Err(Failure::new(Code::Usage, "a password of at least 8 characters, please"));
    }
    auth::hash(password)
}

/// Asks for a password twice.
pub(super) fn twice() -> Result<Zeroizing<String>, Failure> {
    let first = ask("Password: ")?;
    if *first != *ask("Once more: ")? {
        return Err(Failure::new(Code::Usage, "the two are not the same"));
    }
    Ok(first)
}

fn ask(prompt: &str) -> Result<Zeroizing<String>, Failure> {
    rpassword::prompt_password(prompt)
        .map(Zeroizing::new)
        .map_err(|error| Failure::new(Code::Io, format!("no terminal to ask on ({error}); use --stdin")))
}
