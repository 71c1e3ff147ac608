//! Clients, by id.

use napi_derive::napi;

use super::{dialogue::NativeDialogue, values};
use crate::engine::{
    commands,
    config::Sync,
    error::{Code, Refusal},
    rooms,
};

/// `""`: done, else the code, a space, and why.
fn outcome(result: Result<(), Refusal>) -> String {
    result.err().map_or(String::new(), |refusal| format!("{} {}", refusal.code.as_str(), refusal.message))
}

fn gone() -> String {
    outcome(Err(Refusal::new(Code::Disconnected, "the client is gone")))
}

#[napi]
impl NativeDialogue {
    /// Ids of all clients.
    #[napi(catch_unwind)]
    pub fn client_ids(&self) -> Vec<String> {
        values::strings(self.core().clients.ids())
    }

    /// Ids of a user's clients, in order of connecting.
    #[napi(catch_unwind)]
    pub fn user_client_ids(&self, user_id: String) -> Vec<String> {
        values::strings(self.core().clients.of_user(&user_id).iter().map(|client| client.id()))
    }

    /// Ids of the rooms that any of a user's clients is in.
    #[napi(catch_unwind)]
    pub fn user_rooms(&self, user_id: String) -> Vec<String> {
        values::strings(self.core().clients.rooms_of_user(&user_id))
    }

    /// Whether any of a user's clients is in a room.
    #[napi(catch_unwind)]
    pub fn is_in_room(&self, user_id: String, room_id: String) -> bool {
        self.core().clients.rooms_of_user(&user_id).iter().any(|id| **id == *room_id)
    }

    /// What a client is, as JSON. From now on its end will be told.
    #[napi(catch_unwind)]
    pub fn client_info(&self, id: String) -> Option<String> {
        let client = values::client(self.core(), &id)?;
        client.look_at().then(|| client.describe())
    }

    /// Joins, as the server decided. `history`: -1 none, 0 what is in memory, n at most so many of each kind.
    #[napi(catch_unwind)]
    pub fn client_join(&self, id: String, room_id: String, history: i32) -> String {
        let Some(client) = values::client(self.core(), &id) else {
            return gone();
        };
        let sync = match usize::try_from(history) {
            Err(_) => Sync::Nothing,
            Ok(0) => Sync::All,
            Ok(count) => Sync::Newest(count),
        };
        outcome(commands::join_by_server(self.core(), &client, &room_id, sync))
    }

    /// Leaves, as the server decided.
    #[napi(catch_unwind)]
    pub fn client_leave(&self, id: String, room_id: String) -> String {
        let Some(client) = values::client(self.core(), &id) else {
            return gone();
        };
        outcome(commands::leave_by_server(self.core(), &client, &room_id))
    }

    /// Subscribes; `"*"` is everything.
    #[napi(catch_unwind)]
    pub fn client_subscribe(&self, id: String, room_id: String, event: String) -> String {
        self.change_subscription(&id, &room_id, &event, rooms::subscribe)
    }

    /// Ends a subscription.
    #[napi(catch_unwind)]
    pub fn client_unsubscribe(&self, id: String, room_id: String, event: String) -> String {
        self.change_subscription(&id, &room_id, &event, rooms::unsubscribe)
    }

    /// Ids of a client's rooms, in order of joining.
    #[napi(catch_unwind)]
    pub fn client_rooms(&self, id: String) -> Vec<String> {
        values::client(self.core(), &id).map(|client| values::strings(client.room_ids())).unwrap_or_default()
    }

    /// What a client is subscribed to in a room.
    #[napi(catch_unwind)]
    pub fn client_subscriptions(&self, id: String, room_id: String) -> Vec<String> {
        let found = values::client(self.core(), &id).zip(self.core().rooms.get(&room_id));
        found.map(|(client, room)| values::strings(room.subscriptions(&client.id()))).unwrap_or_default()
    }

    /// The synchronous part of `onConnected` has returned.
    #[napi(catch_unwind)]
    pub fn client_ready(&self, id: String) {
        if let Some(client) = values::client(self.core(), &id) {
            self.server.client_ready(&client.id());
        }
    }

    /// The synchronous part of `onDisconnected` has returned.
    #[napi(catch_unwind)]
    pub fn client_forget(&self, id: String) {
        if let Some(client) = values::client(self.core(), &id) {
            self.server.client_taken_note_of(&client);
        }
    }

    fn change_subscription(
        &self,
        id: &str,
        room_id: &str,
        event: &str,
        change: fn(
            &crate::engine::core::Core,
            &rooms::Room,
            &crate::engine::client::Client,
            &str,
        ) -> Result<(), Refusal>,
    ) -> String {
        let Some(client) = values::client(self.core(), id) else {
            return gone();
        };
        let room = self.core().rooms.get(room_id).ok_or_else(|| Refusal::room_not_found(room_id));
        outcome(room.and_then(|room| change(self.core(), &room, &client, event)))
    }
}
