//! Bodies with passwords and secrets.

use serde_json::{Map, Value};

use super::super::fields::{Fields, Findings};
use super::super::problem::Problem;

/// Name, password and code of a sign-in.
pub(in super::super) fn password(
    body: &Map<String, Value>,
) -> Result<(String, String, Option<String>), Problem> {
    let findings = Findings::default();
    let fields = Fields::new(body, "", &["name", "password", "code"], &findings);
    let name = fields.name_word("name");
    let password = fields.text("password", 128);
    let code = code(&fields);
    let made = name.zip(password).zip(code);
    findings.finish(made.map(|((name, password), code)| (name, password, code)))
}

/// Secret and password of a set-up.
pub(in super::super) fn set_up(
    body: &Map<String, Value>,
) -> Result<(String, String, Option<String>), Problem> {
    let findings = Findings::default();
    let fields = Fields::new(body, "", &["secret", "password", "code"], &findings);
    let secret = fields.text("secret", 128);
    let password = fields.text("password", 128);
    let made = secret.zip(password).zip(code(&fields));
    findings.finish(made.map(|((secret, password), code)| (secret, password, code)))
}

/// A code of the new second factor, if there is one in it.
pub(in super::super) fn new_code(body: &Map<String, Value>) -> Option<Result<String, Problem>> {
    body.contains_key("new_code").then(|| {
        let findings = Findings::default();
        let code = Fields::new(body, "", &["new_code"], &findings).text("new_code", 6);
        findings.finish(code)
    })
}

/// Password and code, again.
pub(in super::super) fn proof(
    body: &Map<String, Value>,
) -> Result<(String, Option<String>), Problem> {
    let findings = Findings::default();
    let fields = Fields::new(body, "", &["password", "code"], &findings);
    let password = fields.text("password", 128);
    let code = code(&fields);
    findings.finish(password.zip(code))
}

/// Password, code and the new password.
pub(in super::super) fn new_password(
    body: &Map<String, Value>,
) -> Result<(String, Option<String>, String), Problem> {
    let findings = Findings::default();
    let fields = Fields::new(body, "", &["password", "code", "new_password"], &findings);
    let password = fields.text("password", 128);
    let code = code(&fields);
    let new = fields.text("new_password", 128);
    let made = password.zip(code).zip(new);
    findings.finish(made.map(|((password, code), new)| (password, code, new)))
}

#[expect(
    clippy::option_option,
    reason = "outside: could it be read; inside: was it there"
)]
fn code(fields: &Fields<'_>) -> Option<Option<String>> {
    if fields.has("code") {
        fields.text("code", 6).map(Some)
    } else {
        Some(None)
    }
}
