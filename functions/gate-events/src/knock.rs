//! What a vendor's dialect needs to know of a request.

use baro_door::Knock;
use baro_gates::GateRequest;
use lambda_http::RequestExt as _;

/// The most bytes of a body. Lambda takes 6 MiB an invocation, the event around the body included; what arrives as
/// base64 (any binary content type) ends at three quarters of that, in API Gateway's own 413.
pub const MAX_BODY_BYTES: usize = 6_000_000;

/// Hands a request to an adapter. What a vendor's settings can't carry stands in the gate's address: `?path=` takes the
/// path that the vendor appends to it, `?charset=` the character set it does not name.
pub(crate) fn read<T>(knock: &Knock<'_>, adapter: impl FnOnce(&GateRequest<'_>) -> T) -> T {
    let query = knock.request().query_string_parameters_ref();
    let of = |name: &str| query.and_then(|query| query.first(name)).filter(|value| !value.is_empty());
    adapter(&GateRequest {
        path_hint: of("path"),
        content_type: knock.content_type(),
        charset: of("charset"),
        body: knock.body(),
    })
}
