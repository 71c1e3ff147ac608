//! Random identifiers.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

/// Random bytes in an [`Id`]: 120 bits, as Socket.IO's own ids have.
const RANDOM: usize = 15;
/// Characters of an [`Id`] as text.
const LENGTH: usize = RANDOM / 3 * 4;

/// 120 random bits from the thread's cryptographic generator, as 20 URL-safe characters.
///
/// A session id and a socket id are two different ids: whoever knows the public one knows nothing of the secret one.
/// The text is compared as it is, so a later version may put a node's tag in front of a longer one.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Id([u8; LENGTH]);

impl Id {
    /// A new random id.
    pub fn random() -> Self {
        let random: [u8; RANDOM] = rand::random();
        let mut text = [b'A'; LENGTH];
        // 15 bytes are exactly 20 characters, so the slice always fits; were it not to, the id would still be valid text.
        let _ = URL_SAFE_NO_PAD.encode_slice(random, &mut text);
        Self(text)
    }

    /// Reads an id that a peer sent. `None` for anything that [`Id::random`] cannot have made.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes: [u8; LENGTH] = text.as_bytes().try_into().ok()?;
        let valid = bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
        valid.then_some(Self(bytes))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        // Only ASCII gets in, through `random` and `parse`.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Display for Id {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A session id is a secret, and an id does not know which kind it is.
        out.write_str("Id(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_differ_and_survive_their_text() {
        let (one, two) = (Id::random(), Id::random());
        assert_ne!(one, two);
        assert_eq!(Id::parse(one.as_str()), Some(one));
    }

    #[test]
    fn what_random_cannot_have_made_is_refused() {
        let long = "a".repeat(1 << 20);
        for text in ["", "short", "twenty characters é ", "spaces are not base64", long.as_str()] {
            assert_eq!(Id::parse(text), None, "{text:.40}");
        }
    }
}
