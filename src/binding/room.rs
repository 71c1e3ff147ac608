//! Rooms, by key.

use std::sync::Arc;

use napi::{Result, bindgen_prelude::BufferSlice};
use napi_derive::napi;

use super::{dialogue::NativeDialogue, error::malformed, values};
use crate::engine::{
    event::Draft,
    host::Call,
    payload::Payload,
    rooms::{self, NotCreated, Sender},
};

#[napi]
impl NativeDialogue {
    /// The key of the new room; 0: the id is taken; -1: it is not acceptable.
    #[napi(catch_unwind)]
    pub fn create_room(&self, id: String, config_json: String, created_by_id: Option<String>) -> Result<f64> {
        let config = serde_json::from_str(&config_json).map_err(|error| malformed("room", &error))?;
        let creator = created_by_id.map(Arc::from);
        Ok(match rooms::create(self.core(), &id, config, creator.as_ref(), None) {
            Ok(room) => room.key() as f64,
            Err(NotCreated::BadId) => -1.0,
            Err(NotCreated::Taken | NotCreated::Allowance | NotCreated::Full) => 0.0,
        })
    }

    /// `false`: no such room.
    #[napi(catch_unwind)]
    pub fn update_room(&self, key: f64, changes_json: String) -> Result<bool> {
        let changes = serde_json::from_str(&changes_json).map_err(|error| malformed("changes", &error))?;
        Ok(values::room(self.core(), key).is_some_and(|room| rooms::update(self.core(), &room, changes)))
    }

    /// `false`: no such room.
    #[napi(catch_unwind)]
    pub fn delete_room(&self, key: f64) -> bool {
        values::room(self.core(), key).is_some_and(|room| rooms::delete(self.core(), &room))
    }

    /// The key of the room with this id; 0: none.
    #[napi(catch_unwind)]
    pub fn room_key(&self, id: String) -> f64 {
        self.core().rooms.get(&id).map_or(0.0, |room| room.key() as f64)
    }

    /// The keys of all rooms, in order of creation.
    #[napi(catch_unwind)]
    pub fn room_keys(&self) -> Vec<f64> {
        self.core().rooms.all().iter().map(|room| room.key() as f64).collect()
    }

    /// What a room is, as JSON.
    #[napi(catch_unwind)]
    pub fn room_info(&self, key: f64) -> Option<String> {
        values::room(self.core(), key).map(|room| room.describe())
    }

    /// Connections in a room.
    #[napi(catch_unwind)]
    pub fn room_size(&self, key: f64) -> f64 {
        values::room(self.core(), key).map_or(0.0, |room| room.size() as f64)
    }

    /// Ids of the clients in a room, in order of joining.
    #[napi(catch_unwind)]
    pub fn room_participants(&self, key: f64) -> Vec<String> {
        values::room(self.core(), key).map(|room| values::strings(room.participants())).unwrap_or_default()
    }

    /// How many more or fewer `room.on` handlers there are for an event.
    #[napi(catch_unwind)]
    pub fn room_observe(&self, key: f64, event: String, delta: i32) {
        if let Some(room) = values::room(self.core(), key) {
            room.observe(&event, delta);
        }
    }

    /// Says something as the server. `null`: accepted, else why not; empty: the room is gone.
    #[napi(catch_unwind)]
    #[allow(clippy::too_many_arguments, reason = "one crossing: an object would cost more than its fields")]
    pub fn trigger(
        &self,
        key: f64,
        event: String,
        from: String,
        data: Option<String>,
        meta: Option<String>,
        attachments: Vec<BufferSlice<'_>>,
        local: f64,
    ) -> Option<String> {
        let Some(room) = values::room(self.core(), key) else {
            return Some(String::new());
        };
        let mut attachments = values::attachments(&attachments);
        let mut carried =
            |text: Option<String>| text.map(|text| Payload::new(text.into(), &mut attachments)).transpose();
        let (data, meta) = match (carried(data), carried(meta)) {
            (Ok(data), Ok(meta)) => (data, meta),
            (Err(error), _) | (_, Err(error)) => return Some(error.to_string()),
        };
        let draft = Draft { name: event.into(), from: from.into(), data, meta, timestamp: None };
        let sender = Sender::Server { local: local as u64 };
        let said = rooms::trigger(self.core(), &room, &sender, &draft);
        said.err().map(|refusal| refusal.message.into_owned())
    }

    /// Asks for a page of history; it comes as a `history` call with this number.
    #[napi(catch_unwind)]
    pub fn history(&self, key: f64, event: String, start: u32, end: u32) -> f64 {
        let core = self.core();
        let ticket = core.tickets.number();
        match values::room(core, key) {
            Some(room) => {
                let owner = core.clone();
                let done = Box::new(move |page| owner.tell(Call::History { ticket, page }));
                rooms::load(core, &room, &event.into(), start as usize, end as usize, done);
            }
            None => core.tell(Call::History { ticket, page: Some(Vec::new()) }),
        }
        ticket as f64
    }
}
