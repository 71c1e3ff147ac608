//! JSON Web Tokens: who signs them, what makes one acceptable, how long it holds. `docs/design/identity.md` has the reasons.
//!
//! It knows nothing of connections: [`Guard`] is the state of an engine that asks for tokens, and names who is past its time.

mod deadlines;
mod fetching;
mod guard;
mod keys;
mod settings;
mod sign;
#[cfg(test)]
mod testing;
mod verify;

pub use self::{
    guard::{Asked, Clock, Guard, Token, system_clock},
    keys::{BadKey, Keys},
    settings::{BadSettings, JwtConfig, JwtSettings, Secret, Source},
    sign::{SignError, sign},
    verify::{Claims, Policy, verify},
};
use super::error::{Code, Refusal};

/// Most bytes of a token. The largest that identity providers make are a few thousand.
pub const MAX_TOKEN: usize = 16_384;

/// Why a token is not acceptable. None of these shows anything of the token or of a key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// There is none.
    #[error("A token is required")]
    Missing,
    /// It is no JWT, or too long for one.
    #[error("The token is malformed")]
    Malformed,
    /// Its header asks for an extension, or brings its own key.
    #[error("The token's header has a field that is not accepted")]
    Header,
    /// It is signed by an algorithm that the key is not for, or by none.
    #[error("The token's algorithm is not accepted")]
    Algorithm,
    /// None of the keys is the one that it names.
    #[error("The token's key is not known")]
    UnknownKey,
    /// It was not signed by the key, or changed afterwards.
    #[error("The token's signature is not valid")]
    Signature,
    /// A claim is missing, or is not what it must be.
    #[error("The token's '{0}' is not accepted")]
    Claim(&'static str),
    /// Its time is over.
    #[error("The token has expired")]
    Expired,
    /// Too many wait for keys.
    #[error("The server is overloaded")]
    Busy,
}

impl TokenError {
    /// The code that a client sees.
    pub fn code(&self) -> Code {
        match self {
            Self::Expired => Code::TokenExpired,
            Self::Busy => Code::Overloaded,
            _ => Code::Unauthorized,
        }
    }
}

impl From<TokenError> for Refusal {
    fn from(error: TokenError) -> Self {
        Self::new(error.code(), error.to_string())
    }
}
