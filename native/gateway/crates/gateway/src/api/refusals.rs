//! What calls of the control plane may answer instead: one list per kind of call, for the document.
use std::collections::BTreeMap;

use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::{Ref, RefOr, Response, ResponseBuilder};
use utoipa::{IntoResponses, ToSchema};

use crate::openapi::ErrorBody;

type Map = BTreeMap<String, RefOr<Response>>;

const BODY: [(u16, &str); 3] = [
    (400, "`request.invalid`, with the field in `param`"),
    (408, "`request.invalid`: the body did not arrive in time"),
    (413, "`request.invalid`: the body is too large"),
];
const CALLER: [(u16, &str); 2] = [
    (401, "`auth.invalid`: no session or token in force"),
    (403, "`auth.forbidden`: the role, the token's scopes, or the CSRF token"),
];
const QUERY: (u16, &str) = (400, "`request.invalid`, with the field in `param`");
const MISSING: (u16, &str) = (404, "`request.not_found`, also for what is another tenant's");
const CONFLICT: (u16, &str) = (409, "`request.conflict`: taken, or changed meanwhile");
const LIMITED: (u16, &str) = (429, "`rate.limited`, with `retry-after`");

fn all(refusals: impl IntoIterator<Item = (u16, &'static str)>) -> Map {
    let one = |(status, description): (u16, &'static str)| {
        let schema = RefOr::Ref(Ref::from_schema_name(ErrorBody::name()));
        let content = ContentBuilder::new().schema(Some(schema)).build();
        let response = ResponseBuilder::new().description(description);
        (status.to_string(), RefOr::T(response.content("application/json", content).build()))
    };
    refusals.into_iter().map(one).collect()
}

/// Of a call that reads, by somebody known.
pub(crate) struct Reading;

impl IntoResponses for Reading {
    fn responses() -> Map {
        all(CALLER.into_iter().chain([QUERY, MISSING]))
    }
}

/// Of a call that changes something, by somebody known.
pub(crate) struct Changing;

impl IntoResponses for Changing {
    fn responses() -> Map {
        all(BODY.into_iter().chain(CALLER).chain([MISSING, CONFLICT]))
    }
}

/// Of a call by which somebody comes in.
pub(crate) struct Entering;

impl IntoResponses for Entering {
    fn responses() -> Map {
        all(BODY.into_iter().chain(CALLER).chain([CONFLICT, LIMITED]))
    }
}
