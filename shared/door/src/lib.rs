//! Who may come in: what happens at a gate's address before it is known what a request says (who knocks, and what becomes of a
//! body that is refused), and which member asks. What a body means is no business of this crate.

mod archive;
pub mod codes;
mod knock;
mod member;
mod secret;

use std::sync::Arc;

use baro_domain::GateId;
use baro_runtime::{
    Aws, Problem,
    access::is_secret,
    http::{body, header, with_header},
    problem::ToProblem as _,
};
use baro_store::{Cached, Directory, GateRecord};
use http::{Response, StatusCode, header::WWW_AUTHENTICATE};
use lambda_http::Body;

pub use archive::{Archive, ArchiveError, day};
pub use codes::unavailable;
pub use knock::Knock;
pub use member::{WRONG_MEMBER_KEY, caller};

use archive::Refused;
use codes::{GATE_NOT_FOUND, UNKNOWN_TIME_ZONE, WRONG_GATE_SECRET};

/// Who may come in, and where refused bodies are kept.
#[derive(Debug)]
pub struct Door {
    directory: Directory,
    gates: Cached<GateId, Arc<GateRecord>>,
    archive: Archive,
}

impl Door {
    /// Of its parts; refused bodies go to this bucket.
    pub fn new(aws: &Aws, directory: Directory, raw_bucket: &str) -> Self {
        Self { directory, gates: Cached::default(), archive: Archive::new(aws, raw_bucket) }
    }

    /// The bucket of what came from outside.
    pub fn archive(&self) -> &Archive {
        &self.archive
    }

    /// The gate that the request speaks for, and what is known of its clocks, if the request may be looked at at all.
    ///
    /// An unknown gate and a wrong secret have codes of their own, since whoever sets up a gate must be able to tell a typing
    /// error in the address from one in the secret. What a stranger could learn from it is that a gate's id exists, which
    /// opens nothing: the secret has 256 random bits. Both take the same way through the code: one look into the Directory
    /// (kept for a minute, found or not), one digest, one comparison in constant time.
    pub async fn admit(&self, knock: &Knock<'_>, max_body_bytes: usize) -> Result<Arc<GateRecord>, Problem> {
        let gate = match GateId::parse(knock.gate_id()) {
            Ok(id) => {
                let load = async |id: &GateId| Ok(self.directory.gate(id).await?.map(Arc::new));
                let found = self.gates.get(&id, knock.received_at, load).await;
                found.map_err(|error: Unread| error.to_problem())?
            }
            Err(_) => None,
        };
        let kept = gate.as_deref().map(|record| record.gate.secret_sha256.as_str());
        let is_same = is_secret(&secret::given(knock.request()).unwrap_or_default(), kept);
        let gate = match gate {
            None => return Err(GATE_NOT_FOUND.problem()),
            Some(gate) if is_same => gate,
            Some(_) => return Err(WRONG_GATE_SECRET.problem()),
        };
        body(knock.request(), max_body_bytes)?;
        header(knock.request(), "content-type")?;
        Ok(gate)
    }

    /// Keeps the body of a refused request, then refuses it. Where it can't be kept the sender is asked to send it again
    /// instead: a report that nobody could read is the only trace of what it told.
    pub async fn refuse(&self, knock: &Knock<'_>, problem: Problem) -> Result<Response<Body>, Problem> {
        if problem.status().is_server_error() && problem.code() != UNKNOWN_TIME_ZONE.code {
            return Err(problem);
        }
        self.keep_refused(knock, &problem).await?;
        if problem.status() != StatusCode::UNAUTHORIZED {
            return Err(problem);
        }
        // Some cameras send their password only when asked for it (RFC 9110, 11.6.1).
        problem.log();
        let named = problem.instance(format!("urn:uuid:{}", knock.id()));
        Ok(with_header(named.into_response(), WWW_AUTHENTICATE, r#"Basic realm="gate", charset="UTF-8""#))
    }

    /// Keeps the body of which at least a part was refused.
    pub async fn keep_refused(&self, knock: &Knock<'_>, problem: &Problem) -> Result<(), Problem> {
        let refused = Refused {
            gate: knock.gate_id(),
            code: problem.code(),
            field: problem.member("field").and_then(|field| field.as_str()),
            content_type: knock.content_type(),
            received_at: knock.received_at,
            request: &knock.id(),
        };
        let kept = self.archive.keep_refused(&refused, knock.body()).await;
        kept.map_err(|error| unavailable(&format!("{} not kept: {error}", problem.code())))
    }
}

/// The Directory could not be read.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
struct Unread(#[from] baro_store::StoreError);

impl baro_runtime::ToProblem for Unread {
    fn to_problem(&self) -> Problem {
        codes::store(&self.0)
    }
}
