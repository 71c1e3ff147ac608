//! What the server is thrown at, each test named after its line of the threat list (`docs/design/threats.md`). The lines
//! on identity, hooks and the life cycle are in `__tests__/suites`.

mod identity;
mod protocol;
mod resources;
mod rooms;
