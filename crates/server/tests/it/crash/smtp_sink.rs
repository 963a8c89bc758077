//! A mail server that takes everything and remembers for whom.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// A running mail server.
pub struct SmtpSink {
    /// Its port on 127.0.0.1.
    pub port: u16,
    recipients: Arc<Mutex<HashSet<String>>>,
}

impl SmtpSink {
    /// Starts one on a free port; it ends with the test's runtime.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let recipients = Arc::new(Mutex::new(HashSet::new()));
        let accepted = Arc::clone(&recipients);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let accepted = Arc::clone(&accepted);
                // A client that was killed in the middle is the point of the exercise.
                tokio::spawn(async move { converse(stream, &accepted).await.unwrap_or_default() });
            }
        });
        Self { port, recipients }
    }

    /// Whom a whole mail was accepted for so far.
    pub fn recipients(&self) -> HashSet<String> {
        self.recipients.lock().unwrap().clone()
    }
}

async fn converse(stream: TcpStream, accepted: &Mutex<HashSet<String>>) -> std::io::Result<()> {
    let (reading, mut writing) = stream.into_split();
    let mut lines = BufReader::new(reading).lines();
    writing.write_all(b"220 sink\r\n").await?;
    let mut recipients = Vec::new();
    let mut in_data = false;
    while let Some(line) = lines.next_line().await? {
        let verb = line.to_ascii_uppercase();
        let answer: &[u8] = if in_data {
            if line != "." {
                continue;
            }
            in_data = false;
            accepted.lock().unwrap().extend(recipients.drain(..));
            b"250 taken\r\n"
        } else if verb.starts_with("EHLO") {
            b"250 sink\r\n"
        } else if verb.starts_with("RCPT TO:") {
            recipients.extend(line.split(['<', '>']).nth(1).map(str::to_owned));
            b"250 ok\r\n"
        } else if verb == "DATA" {
            in_data = true;
            b"354 go on\r\n"
        } else if verb == "QUIT" {
            b"221 bye\r\n"
        } else {
            b"250 ok\r\n"
        };
        writing.write_all(answer).await?;
    }
    Ok(())
}
