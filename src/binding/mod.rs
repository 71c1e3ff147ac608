//! The N-API half: converts, delegates, converts. It decides nothing; `docs/design/binding.md` lists what crosses.

mod callback;
mod calls;
mod client;
mod decisions;
mod dialogue;
mod error;
mod http;
mod io;
mod jwt;
mod requests;
mod room;
mod tls;
mod values;
