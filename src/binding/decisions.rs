//! Verdicts from JavaScript.

use napi::{Result, bindgen_prelude::BufferSlice};
use napi_derive::napi;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{dialogue::NativeDialogue, error::malformed, values};
use crate::engine::{
    core::Core,
    error::Code,
    host::{Level, Verdict},
    payload::{Attachments, Payload},
};

/// Bits that say what a verdict brings, since `null` is a value too.
const HAS_DATA: u8 = 1;
const HAS_META: u8 = 2;
const HAS_ISSUES: u8 = 4;

/// `[ticket, code, reason, local, bits, data, meta]`; code `""`: accepted. In the place of data a refusal may bring its issues.
#[derive(Deserialize)]
struct Row<'a>(u64, &'a str, String, u64, u8, #[serde(borrow)] &'a RawValue, #[serde(borrow)] &'a RawValue);

#[napi]
impl NativeDialogue {
    /// Verdicts on events and joins, in order: a JSON array of `[ticket, code, reason, local, bits, data, meta]`. Code `""`
    /// accepts; bit 1: there is data, bit 2: there is meta, bit 4: in the place of data are the issues that a schema found.
    #[napi(catch_unwind)]
    pub fn decide(&self, verdicts_json: String) -> Result<()> {
        let rows: Vec<Row<'_>> =
            serde_json::from_str(&verdicts_json).map_err(|error| malformed("verdicts", &error))?;
        self.server.together(|| {
            for row in rows {
                apply(self.core(), row, Attachments::default());
            }
        });
        Ok(())
    }

    /// One verdict whose payload has attachments.
    #[napi(catch_unwind)]
    pub fn decide_binary(&self, verdict_json: String, attachments: Vec<BufferSlice<'_>>) -> Result<()> {
        let row: Row<'_> =
            serde_json::from_str(&verdict_json).map_err(|error| malformed("verdict", &error))?;
        apply(self.core(), row, values::attachments(&attachments));
        Ok(())
    }

    /// `authenticate` says who connects. `false`: nobody is there any more, or the name is not acceptable.
    #[napi(catch_unwind)]
    pub fn identify(&self, ticket: f64, user_id: String, socket_id: String) -> bool {
        let answered = self.core().decisions.answer(ticket as u64, Verdict::Identify { user_id });
        answered && values::client(self.core(), &socket_id).is_some()
    }
}

fn apply(core: &Core, row: Row<'_>, mut attachments: Attachments) {
    let Row(ticket, code, reason, local, bits, data, meta) = row;
    let mut carried = |bit: u8, text: &RawValue| {
        (bits & bit != 0).then(|| Payload::new(text.get().to_owned().into(), &mut attachments)).transpose()
    };
    let verdict = match (code, carried(HAS_DATA, data), carried(HAS_META, meta)) {
        ("", Ok(data), Ok(meta)) => Verdict::Accept { data, meta, local },
        ("", Err(error), _) | ("", _, Err(error)) => {
            core.log(Level::Error, "events.beforeEach", format!("What was decided cannot be sent: {error}"));
            Verdict::Refuse { code: Code::Internal, reason: "Internal error".to_owned(), issues: None }
        }
        (code, ..) => {
            let issues = (bits & HAS_ISSUES != 0).then(|| data.to_owned());
            Verdict::Refuse { code: Code::named(code).unwrap_or(Code::Internal), reason, issues }
        }
    };
    core.decisions.answer(ticket, verdict);
}
