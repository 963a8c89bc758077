//! A mail server that takes everything and keeps the newest reset token of each recipient.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// A running mail server.
pub struct PostOffice {
    /// Its port on 127.0.0.1.
    pub port: u16,
    tokens: Arc<Mutex<HashMap<String, String>>>,
}

impl PostOffice {
    /// Starts one on a free port; it ends with the test's runtime.
    pub async fn open() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let tokens = Arc::new(Mutex::new(HashMap::new()));
        let kept = Arc::clone(&tokens);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let kept = Arc::clone(&kept);
                // A server that was killed in the middle is the point of the exercise.
                tokio::spawn(async move { converse(stream, &kept).await.unwrap_or_default() });
            }
        });
        Self { port, tokens }
    }

    /// The newest token that was mailed to somebody.
    pub fn token(&self, recipient: &str) -> Option<String> {
        self.tokens.lock().unwrap().get(recipient).cloned()
    }
}

async fn converse(stream: TcpStream, kept: &Mutex<HashMap<String, String>>) -> std::io::Result<()> {
    let (reading, mut writing) = stream.into_split();
    let mut lines = BufReader::new(reading).lines();
    writing.write_all(b"220 post office\r\n").await?;
    let (mut recipient, mut letter) = (String::new(), None::<String>);
    while let Some(line) = lines.next_line().await? {
        let verb = line.to_ascii_uppercase();
        if let Some(text) = &mut letter {
            if line != "." {
                // Quoted-printable breaks long lines with a `=` at their end.
                text.push_str(line.strip_suffix('=').map_or(&*format!("{line}\n"), |part| part));
                continue;
            }
            if let Some(token) = token(text) {
                kept.lock().unwrap().insert(recipient.clone(), token);
            }
            letter = None;
            writing.write_all(b"250 taken\r\n").await?;
            continue;
        }
        if verb.starts_with("RCPT TO:") {
            recipient = line.split(['<', '>']).nth(1).unwrap_or_default().to_owned();
        }
        let answer: &[u8] = match verb.split([' ', ':']).next() {
            Some("DATA") => {
                letter = Some(String::new());
                b"354 go on\r\n"
            }
            Some("QUIT") => b"221 bye\r\n",
            _ => b"250 ok\r\n",
        };
        writing.write_all(answer).await?;
    }
    Ok(())
}

fn token(letter: &str) -> Option<String> {
    let letter = letter.replace("=3D", "=");
    let rest = letter.split_once("#token=")?.1;
    let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_')));
    Some(rest[..end.unwrap_or(rest.len())].to_owned())
}
