//! Secret: a key or password that lies in a file, an environment variable or a systemd credential. Never argv,
//! never the log, never the configuration itself.

use std::fmt;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

/// Where a secret lies. Only one place may be named.
#[derive(Clone, Copy, Debug, Default)]
pub struct Secret<'a> {
    /// A file.
    pub file: Option<&'a PathBuf>,
    /// An environment variable.
    pub env: Option<&'a String>,
    /// A systemd credential.
    pub credential: Option<&'a String>,
}

/// Why a secret cannot be had. Says nothing of the secret itself.
#[derive(Debug)]
pub enum SecretProblem {
    /// The place, and why it cannot be read.
    Unreadable(String, String),
    /// More than one place is named.
    Ambiguous,
}

impl fmt::Display for SecretProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(place, why) => write!(f, "{place} cannot be read: {why}"),
            Self::Ambiguous => f.write_str("name only one of the file, the environment variable and the credential"),
        }
    }
}

/// A secret and the place that it was found in, as errors call it.
type Found = (String, Zeroizing<String>);

impl Secret<'_> {
    /// Whether a place is named at all.
    pub const fn is_named(&self) -> bool {
        self.file.is_some() || self.env.is_some() || self.credential.is_some()
    }

    /// Fetches it. `None` where no place is named.
    ///
    /// # Errors
    /// [`SecretProblem`], which repeats nothing of the secret.
    pub fn fetch(&self) -> Result<Option<Found>, SecretProblem> {
        match (self.file, self.env, self.credential) {
            (None, None, None) => Ok(None),
            (Some(file), None, None) => {
                let place = file.display().to_string();
                let text = read(file, &place).or_else(|problem| handed_over(file).ok_or(problem))?;
                Ok(Some((place, text)))
            }
            (None, Some(variable), None) => {
                let place = format!("the environment variable {variable}");
                match std::env::var(variable) {
                    Ok(text) => Ok(Some((place, Zeroizing::new(text)))),
                    Err(_) => Err(SecretProblem::Unreadable(place, "it is not set".into())),
                }
            }
            (None, None, Some(credential)) => {
                let place = format!("the credential {credential}");
                let Some(folder) = std::env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from) else {
                    let why = "$CREDENTIALS_DIRECTORY is not set; systemd sets it for units with LoadCredential=";
                    return Err(SecretProblem::Unreadable(place, why.into()));
                };
                read(&folder.join(credential), &place).map(|text| Some((place, text)))
            }
            _ => Err(SecretProblem::Ambiguous),
        }
    }
}

/// A file that only root may read: the unit has `LoadCredential=` for its folder, and systemd calls what is in it by the
/// folder and the file.
fn handed_over(file: &Path) -> Option<Zeroizing<String>> {
    let credentials = std::env::var_os("CREDENTIALS_DIRECTORY").map(PathBuf::from)?;
    let folder = file.parent()?.file_name()?.to_str()?;
    let name = file.file_name()?.to_str()?;
    std::fs::read_to_string(credentials.join(format!("{folder}_{name}"))).map(Zeroizing::new).ok()
}

fn read(path: &Path, place: &str) -> Result<Zeroizing<String>, SecretProblem> {
    std::fs::read_to_string(path)
        .map(Zeroizing::new)
        .map_err(|error| SecretProblem::Unreadable(place.into(), error.to_string()))
}
