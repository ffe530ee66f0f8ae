//! The AWS configuration over a real socket: connections, tries, and secrets while Secrets Manager fails.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use baro_runtime::Aws;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// Answers requests with what `answers` holds, in order, and 500 once it is empty; counts connections.
#[derive(Clone)]
struct Service {
    url: String,
    connections: Arc<AtomicUsize>,
    targets: Arc<Mutex<Vec<String>>>,
    answers: Arc<Mutex<Vec<(u16, String)>>>,
}

impl Service {
    async fn start(answers: &[(u16, &str)]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let answers = answers.iter().rev().map(|(status, body)| (*status, (*body).to_owned())).collect();
        let service = Self {
            url: format!("http://{}", listener.local_addr().unwrap()),
            connections: Arc::default(),
            targets: Arc::default(),
            answers: Arc::new(Mutex::new(answers)),
        };
        let accepting = service.clone();
        tokio::spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                accepting.connections.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(accepting.clone().serve(connection));
            }
        });
        service
    }

    async fn serve(self, mut connection: TcpStream) {
        while let Some(head) = read_request(&mut connection).await {
            let target = head.lines().find_map(|line| line.strip_prefix("x-amz-target: ")).unwrap_or("GET /");
            self.targets.lock().unwrap().push(target.to_owned());
            let (status, body) = self.answers.lock().unwrap().pop().unwrap_or((500, "{}".to_owned()));
            let answer = format!(
                "HTTP/1.1 {status} x\r\ncontent-type: application/x-amz-json-1.0\r\ncontent-length: {}\r\n\r\n{body}",
                body.len()
            );
            connection.write_all(answer.as_bytes()).await.unwrap();
        }
    }

    fn targets(&self) -> Vec<String> {
        self.targets.lock().unwrap().clone()
    }

    fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

/// The head of the next request on the connection, its body read to the end; `None` when the client has gone.
async fn read_request(connection: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            let wanted = end + 4 + length.map_or(0, |length| length.parse::<usize>().unwrap());
            while bytes.len() < wanted {
                (connection.read_buf(&mut bytes).await.ok()? > 0).then_some(())?;
            }
            return Some(head);
        }
        (connection.read_buf(&mut bytes).await.ok()? > 0).then_some(())?;
    }
}

#[tokio::test]
async fn the_connection_opened_in_init_is_the_one_that_the_first_request_uses() {
    let service = Service::start(&[(200, "healthy"), (200, r#"{"Item":{"pk":{"S":"lot_1"}}}"#)]).await;
    let aws = Aws::at_endpoint(&service.url, "ap-northeast-2");
    aws.warm("dynamodb").await;
    let client = aws_sdk_dynamodb::Client::new(&aws);
    let key = aws_sdk_dynamodb::types::AttributeValue::S("lot_1".to_owned());
    let found = client.get_item().table_name("Parking").key("pk", key).send().await.unwrap();
    assert!(found.item().unwrap().contains_key("pk"));
    assert_eq!(service.targets(), ["GET /", "DynamoDB_20120810.GetItem"]);
    assert_eq!(service.connections(), 1);
}

#[tokio::test]
async fn an_unreachable_service_does_not_keep_a_function_from_starting() {
    let aws = Aws::at_endpoint("http://127.0.0.1:9", "ap-northeast-2");
    aws.warm("dynamodb").await;
}

#[tokio::test]
async fn a_server_error_is_tried_three_times_in_all() {
    let service = Service::start(&[]).await;
    let client = aws_sdk_dynamodb::Client::new(&Aws::at_endpoint(&service.url, "ap-northeast-2"));
    client.list_tables().send().await.unwrap_err();
    assert_eq!(service.targets().len(), 3);
}

#[cfg(feature = "secrets")]
mod secrets {
    use super::Service;
    use baro_runtime::secrets::{KEPT, Secret, SecretError, SecretReader};
    use baro_runtime::{Aws, Clock};
    use jiff::{SignedDuration, Timestamp};

    const NOT_FOUND: &str = r#"{"__type":"ResourceNotFoundException","Message":"can't find it"}"#;

    fn reader(service: &Service) -> (SecretReader, Clock) {
        let clock = Clock::at("2026-11-20T00:00:00Z".parse::<Timestamp>().unwrap());
        (SecretReader::new(&Aws::at_endpoint(&service.url, "ap-northeast-2"), clock.clone()), clock)
    }

    #[tokio::test]
    async fn a_secret_is_kept_for_five_minutes_and_then_read_again() {
        let service =
            Service::start(&[(200, r#"{"SecretString":"old"}"#), (200, r#"{"SecretString":"new"}"#)]).await;
        let (reader, clock) = reader(&service);
        assert_eq!(reader.get("portone").await.unwrap(), Secret::new("old"));
        clock.advance(KEPT - SignedDuration::from_secs(1));
        assert_eq!(reader.get("portone").await.unwrap(), Secret::new("old"));
        clock.advance(SignedDuration::from_secs(1));
        assert_eq!(reader.get("portone").await.unwrap(), Secret::new("new"));
        assert_eq!(service.targets().len(), 2);
    }

    #[tokio::test]
    async fn the_old_value_stays_in_use_while_secrets_manager_fails() {
        let answers =
            [(200, r#"{"SecretString":"old"}"#), (400, NOT_FOUND), (200, r#"{"SecretString":"new"}"#)];
        let service = Service::start(&answers).await;
        let (reader, clock) = reader(&service);
        reader.get("portone").await.unwrap();
        clock.advance(KEPT);
        assert_eq!(reader.get("portone").await.unwrap(), Secret::new("old"));
        assert_eq!(reader.get("portone").await.unwrap(), Secret::new("old"));
        assert_eq!(service.targets().len(), 2, "a failing service is not asked at every event");
        clock.advance(SignedDuration::from_secs(30));
        assert_eq!(reader.get("portone").await.unwrap(), Secret::new("new"));
    }

    #[tokio::test]
    async fn a_secret_that_was_never_read_is_an_error_that_names_it() {
        let service = Service::start(&[(400, NOT_FOUND)]).await;
        let error = reader(&service).0.get("portone").await.unwrap_err();
        assert!(matches!(&error, SecretError::Unreadable { id, .. } if id == "portone"));
        assert!(error.to_string().contains("can't find it"), "{error}");
    }

    #[tokio::test]
    async fn a_forgotten_secret_is_read_anew() {
        let service =
            Service::start(&[(200, r#"{"SecretString":"old"}"#), (200, r#"{"SecretString":"new"}"#)]).await;
        let reader = reader(&service).0;
        reader.get("portone").await.unwrap();
        reader.forget("portone").await;
        assert_eq!(reader.get("portone").await.unwrap().expose(), "new");
    }
}
