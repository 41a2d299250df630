//! Key: where a meter's encryption key comes from. Never argv, never the log.

use std::fmt;

use smarty_p1::{Authentication, InvalidKey, Key};

use super::Meter;
use super::secret::{Secret, SecretProblem};

/// The keys of one meter.
#[derive(Clone, Debug)]
pub struct MeterKey {
    /// Opens its frames.
    pub encryption: Key,
    /// Proves them.
    pub authentication: Authentication,
}

/// Why a key cannot be used. Says nothing of the key itself.
#[derive(Debug)]
pub enum KeyProblem {
    /// The file, variable or credential is not there or cannot be read.
    Unreadable(String, String),
    /// What is in it is no key.
    Invalid(String, InvalidKey),
    /// It is the authentication key that is the same for all meters.
    PublicKey(String),
    /// `authentication-key` is neither a word nor a key.
    Authentication(InvalidKey),
    /// More than one place is named.
    Ambiguous,
}

impl KeyProblem {
    /// The stable word for this problem.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::PublicKey(_) => "public-key-as-key",
            _ => "key-unusable",
        }
    }
}

impl fmt::Display for KeyProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(place, why) => write!(f, "The key in {place} cannot be read: {why}."),
            Self::Invalid(place, why) => write!(f, "What is in {place} is no key: {why}."),
            Self::PublicKey(place) => write!(
                f,
                "The key in {place} is the public authentication key, which is the same for all meters and opens none. \
                 Your meter's own encryption key comes from your network operator (Creos, Sudstroum, …)."
            ),
            Self::Authentication(why) => write!(f, "`authentication-key` is \"standard\", \"none\" or a key: {why}."),
            Self::Ambiguous => f.write_str("Name only one of `key-file`, `key-env` and `key-credential`."),
        }
    }
}

impl Meter {
    /// Whether a key is named at all. Without one only plain telegrams can be read.
    pub fn has_key(&self) -> bool {
        self.key_secret().is_named()
    }

    fn key_secret(&self) -> Secret<'_> {
        Secret { file: self.key_file.as_ref(), env: self.key_env.as_ref(), credential: self.key_credential.as_ref() }
    }

    /// Fetches the keys from where they are. `None`: no key is named.
    ///
    /// # Errors
    /// [`KeyProblem`], a sentence that repeats nothing of the key.
    pub fn keys(&self) -> Result<Option<MeterKey>, KeyProblem> {
        let Some((place, text)) = self.key_secret().fetch().map_err(|problem| match problem {
            SecretProblem::Unreadable(place, why) => KeyProblem::Unreadable(place, why),
            SecretProblem::Ambiguous => KeyProblem::Ambiguous,
        })?
        else {
            // What is written wrong is wrong, though nothing is opened with it.
            return self.authentication().map(|_| None);
        };
        let encryption = Key::from_hex(&text).map_err(|why| KeyProblem::Invalid(place.clone(), why))?;
        if encryption.is_standard_authentication_key() {
            return Err(KeyProblem::PublicKey(place));
        }
        Ok(Some(MeterKey { encryption, authentication: self.authentication()? }))
    }

    fn authentication(&self) -> Result<Authentication, KeyProblem> {
        match self.authentication_key.as_deref().unwrap_or("standard") {
            "standard" => Ok(Authentication::Standard),
            "none" => Ok(Authentication::Unchecked),
            hex => Key::from_hex(hex).map(Authentication::Given).map_err(KeyProblem::Authentication),
        }
    }
}
