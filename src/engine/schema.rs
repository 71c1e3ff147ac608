//! Which lane an event's schema takes. (The native lane is being written.)

use serde::Deserialize;

use super::payload::Payload;

/// Who judges a payload.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "lane", rename_all = "lowercase")]
pub enum Lane {
    /// The schema itself.
    JavaScript,
}

impl Lane {
    /// Whether the payload is accepted without asking.
    pub fn accepts(&self, _data: Option<&Payload>) -> bool {
        false
    }
}
