//! Actions of a schedule as a person writes them: `write memory 0:0 0x10 0xff`.

use crate::schedule::action::Action;
use serde::{Deserialize, Serialize};

/// One action.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub(super) struct ActionText(pub(super) Action);

impl TryFrom<String> for ActionText {
    type Error = String;

    fn try_from(text: String) -> Result<ActionText, String> {
        let action = Action::read(&text).map(ActionText);
        action.ok_or_else(|| {
            format!(
                "`{text}` is no action; write call export 0:1, call function 0:1, clear handler, drop call, \
                 hold exception, hold frame, instantiate 0, list items, panic handler, register module 0, \
                 replace exception 0, set handler, take exception, \
                 write global 0:1 0x2a, write memory 0:1 0x10 0xff, write element 0:1 3 7 \
                 or write field 0 1 0x2a"
            )
        })
    }
}

impl From<ActionText> for String {
    fn from(ActionText(action): ActionText) -> String {
        action.text()
    }
}
