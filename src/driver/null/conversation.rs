//! One client of the null endpoint: startup, then statements, each answered at once. The server's side of the protocol, as
//! far as clients use it.

use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::time::Instant;

use bytes::{BufMut, BytesMut};
use postgres_protocol::message::backend;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::answer::{Answer, Effect, Form, complete, int8, put_message};
use super::endpoint::Answers;
use super::reading::Fields;
use crate::driver::wire::Inbox;
use crate::timer::Timer;

/// What a startup packet can ask for.
mod startup {
    pub(super) const VERSION_3: i32 = 3;
    pub(super) const CANCEL: i32 = 80_877_102;
    pub(super) const TLS: i32 = 80_877_103;
    pub(super) const GSS: i32 = 80_877_104;
    /// Longer than any that a client sends.
    pub(super) const LIMIT: usize = 10_000;
}

/// Settings that clients want to know.
const SETTINGS: [(&str, &str); 7] = [
    ("server_version", "15.0 (dbbench null endpoint)"),
    ("server_encoding", "UTF8"),
    ("client_encoding", "UTF8"),
    ("DateStyle", "ISO, MDY"),
    ("TimeZone", "UTC"),
    ("integer_datetimes", "on"),
    ("standard_conforming_strings", "on"),
];

/// Serves one connection until its client leaves.
pub(super) async fn serve(mut socket: TcpStream, answers: Arc<Answers>, timer: Timer) -> io::Result<()> {
    socket.set_nodelay(true)?;
    if !start(&mut socket).await? {
        return Ok(());
    }
    let service = answers.target.service;
    let mut inbox = Inbox::new(32 * 1024);
    let mut talk = Talk::new(answers);
    loop {
        let Some((tag, at)) = inbox.next()? else {
            socket.write_all(&talk.out).await?;
            talk.out.clear();
            inbox.fill(&mut socket).await?;
            continue;
        };
        match talk.take(tag, inbox.body(at)) {
            Ok(Step::On) => {}
            Ok(Step::Served) if service.is_zero() => {}
            Ok(Step::Served) => timer.sleep_until(Instant::now() + service).await,
            Ok(Step::Leave) => return Ok(()),
            Err(Cut) => {
                talk.refuse("FATAL", "08P01", "a message that the null endpoint cannot read");
                return socket.write_all(&talk.out).await;
            }
        }
    }
}

/// The startup packets; whether a session follows.
async fn start(socket: &mut TcpStream) -> io::Result<bool> {
    let version = loop {
        let length = usize::try_from(socket.read_i32().await?).unwrap_or_default();
        if !(8..=startup::LIMIT).contains(&length) {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let code = socket.read_i32().await?;
        let mut rest = vec![0; length - 8];
        socket.read_exact(&mut rest).await?;
        match code {
            startup::TLS | startup::GSS => socket.write_all(b"N").await?,
            startup::CANCEL => return Ok(false),
            code => break code,
        }
    };
    let mut out = BytesMut::new();
    if version >> 16 != startup::VERSION_3 {
        put_error(&mut out, "FATAL", "0A000", "the null endpoint speaks version 3 of the protocol");
        socket.write_all(&out).await?;
        return Ok(false);
    }
    if version & 0xffff != 0 {
        // NegotiateProtocolVersion: 3.0, and no option was refused.
        put_message(&mut out, b'v', |out| out.put_i64(0));
    }
    put_message(&mut out, backend::AUTHENTICATION_TAG, |out| out.put_i32(0));
    for (name, value) in SETTINGS {
        put_message(&mut out, backend::PARAMETER_STATUS_TAG, |out| {
            for text in [name, value] {
                out.put_slice(text.as_bytes());
                out.put_u8(0);
            }
        });
    }
    // A key that cancels nothing: there is never anything to cancel.
    put_message(&mut out, backend::BACKEND_KEY_DATA_TAG, |out| out.put_i64(0));
    put_ready(&mut out, false);
    socket.write_all(&out).await?;
    Ok(true)
}

/// A message that ended too early, or of no known kind.
pub(super) struct Cut;

/// What follows a message.
enum Step {
    /// The next message.
    On,
    /// A statement was executed: its service time passes.
    Served,
    /// The client says goodbye.
    Leave,
}

struct Prepared {
    answer: Answer,
    params: Vec<u32>,
}

struct Portal {
    prepared: Arc<Prepared>,
    form: Form,
    sent: u32,
}

/// The state of a session, and what is to be sent next.
struct Talk {
    answers: Arc<Answers>,
    prepared: HashMap<Box<[u8]>, Arc<Prepared>>,
    portals: HashMap<Box<[u8]>, Portal>,
    /// How often each of the known statements was prepared here.
    parsed: HashMap<String, usize>,
    in_transaction: bool,
    /// After an error, until Sync.
    skipping: bool,
    out: BytesMut,
}

impl Talk {
    fn new(answers: Arc<Answers>) -> Self {
        Self {
            answers,
            prepared: HashMap::new(),
            portals: HashMap::new(),
            parsed: HashMap::new(),
            in_transaction: false,
            skipping: false,
            out: BytesMut::with_capacity(4096),
        }
    }

    /// Takes a message in.
    fn take(&mut self, tag: u8, body: &[u8]) -> Result<Step, Cut> {
        let mut fields = Fields(body);
        match tag {
            b'X' => return Ok(Step::Leave),
            b'S' => {
                self.skipping = false;
                if !self.in_transaction {
                    self.portals.clear();
                }
                put_ready(&mut self.out, self.in_transaction);
            }
            // Flush: what is here is sent anyway. Copied data of a COPY that was refused.
            b'H' | b'd' | b'c' | b'f' => {}
            _ if self.skipping => {}
            b'P' => self.parse(&mut fields)?,
            b'B' => self.bind(&mut fields)?,
            b'D' => self.describe(&mut fields)?,
            b'E' => return self.execute(&mut fields),
            b'C' => {
                match fields.byte()? {
                    b'S' => drop(self.prepared.remove(fields.text()?)),
                    _ => drop(self.portals.remove(fields.text()?)),
                }
                put_message(&mut self.out, backend::CLOSE_COMPLETE_TAG, |_| {});
            }
            b'Q' => return self.query(&mut fields),
            _ => return Err(Cut),
        }
        Ok(Step::On)
    }

    fn parse(&mut self, fields: &mut Fields<'_>) -> Result<(), Cut> {
        let name = fields.text()?;
        let sql = String::from_utf8_lossy(fields.text()?).into_owned();
        let declared = (0..fields.count()?).map(|_| fields.oid()).collect::<Result<Vec<u32>, Cut>>()?;
        let Some(answer) = self.answer(&sql) else { return Ok(()) };
        let wanted = params_in(&sql).max(declared.len());
        let known = |at: usize| declared.get(at).copied().filter(|oid| *oid != 0);
        let params = (0..wanted).map(|at| known(at).unwrap_or(int8().oid)).collect();
        self.prepared.insert(name.into(), Arc::new(Prepared { answer, params }));
        put_message(&mut self.out, backend::PARSE_COMPLETE_TAG, |_| {});
        Ok(())
    }

    /// The answer to a statement; `None` when it was refused.
    fn answer(&mut self, sql: &str) -> Option<Answer> {
        if sql.trim_start().get(..4).is_some_and(|word| word.eq_ignore_ascii_case("COPY")) {
            self.refuse("ERROR", "0A000", "the null endpoint does not copy");
            return None;
        }
        // A plan may hold the same SQL twice and refer to different columns of it: in the order in which they are prepared.
        let times = match self.parsed.get_mut(sql) {
            Some(times) => times,
            None => self.parsed.entry(sql.to_owned()).or_default(),
        };
        *times += 1;
        let columns = self.answers.columns(sql, *times - 1);
        Some(Answer::to(sql, columns, self.answers.target.rows))
    }

    fn bind(&mut self, fields: &mut Fields<'_>) -> Result<(), Cut> {
        let (portal, name) = (fields.text()?, fields.text()?);
        fields.skip(2 * fields.peek_count()? + 2)?;
        for _ in 0..fields.count()? {
            fields.value()?;
        }
        // One format for all columns is what clients send; of several, the first stands for all.
        let form = if fields.count()? > 0 && fields.count()? == 1 { Form::Binary } else { Form::Text };
        let Some(prepared) = self.prepared.get(name).cloned() else {
            self.refuse("ERROR", "26000", "there is no prepared statement of that name");
            return Ok(());
        };
        let bound = Portal { prepared, form, sent: 0 };
        match self.portals.get_mut(portal) {
            Some(place) => *place = bound,
            None => drop(self.portals.insert(portal.into(), bound)),
        }
        put_message(&mut self.out, backend::BIND_COMPLETE_TAG, |_| {});
        Ok(())
    }

    fn describe(&mut self, fields: &mut Fields<'_>) -> Result<(), Cut> {
        let (kind, name) = (fields.byte()?, fields.text()?);
        let (prepared, form) = if kind == b'S' {
            let Some(prepared) = self.prepared.get(name).cloned() else {
                self.refuse("ERROR", "26000", "there is no prepared statement of that name");
                return Ok(());
            };
            put_message(&mut self.out, backend::PARAMETER_DESCRIPTION_TAG, |out| {
                out.put_u16(u16::try_from(prepared.params.len()).unwrap_or(u16::MAX));
                prepared.params.iter().for_each(|oid| out.put_u32(*oid));
            });
            (prepared, Form::Text)
        } else {
            let Some(portal) = self.portals.get(name) else {
                self.refuse("ERROR", "34000", "there is no portal of that name");
                return Ok(());
            };
            (Arc::clone(&portal.prepared), portal.form)
        };
        match &prepared.answer {
            Answer::Rows(rows) => self.out.put_slice(rows.description(form)),
            _ => put_message(&mut self.out, backend::NO_DATA_TAG, |_| {}),
        }
        Ok(())
    }

    fn execute(&mut self, fields: &mut Fields<'_>) -> Result<Step, Cut> {
        let name = fields.text()?;
        let limit = u32::try_from(fields.int()?).unwrap_or_default();
        let Some(portal) = self.portals.get_mut(name) else {
            self.refuse("ERROR", "34000", "there is no portal of that name");
            return Ok(Step::On);
        };
        let prepared = Arc::clone(&portal.prepared);
        if let Answer::Rows(rows) = &prepared.answer {
            let left = rows.count - portal.sent;
            let now = if limit == 0 { left } else { left.min(limit) };
            portal.sent += now;
            (0..now).for_each(|_| self.out.put_slice(rows.row(portal.form)));
            if now < left {
                put_message(&mut self.out, backend::PORTAL_SUSPENDED_TAG, |_| {});
            } else {
                self.put_selected(now);
            }
        } else {
            self.put_done(&prepared.answer);
        }
        Ok(Step::Served)
    }

    fn query(&mut self, fields: &mut Fields<'_>) -> Result<Step, Cut> {
        let sql = String::from_utf8_lossy(fields.text()?).into_owned();
        match self.answer(&sql) {
            Some(Answer::Rows(rows)) => {
                self.out.put_slice(rows.description(Form::Text));
                (0..rows.count).for_each(|_| self.out.put_slice(rows.row(Form::Text)));
                self.put_selected(rows.count);
            }
            Some(answer) => self.put_done(&answer),
            // No Sync follows a simple query.
            None => self.skipping = false,
        }
        put_ready(&mut self.out, self.in_transaction);
        Ok(Step::Served)
    }

    fn put_selected(&mut self, rows: u32) {
        match rows {
            1 => self.out.put_slice(b"C\0\0\0\x0dSELECT 1\0"),
            rows => self.out.put_slice(&complete(&format!("SELECT {rows}"))),
        }
    }

    /// What follows a statement that returns no rows.
    fn put_done(&mut self, answer: &Answer) {
        let Answer::Done { tag, effect } = answer else {
            return put_message(&mut self.out, backend::EMPTY_QUERY_RESPONSE_TAG, |_| {});
        };
        self.out.put_slice(tag);
        match effect {
            Effect::None => {}
            Effect::Begins => self.in_transaction = true,
            Effect::Ends => self.in_transaction = false,
        }
    }

    fn refuse(&mut self, severity: &str, state: &str, text: &str) {
        put_error(&mut self.out, severity, state, text);
        self.skipping = true;
    }
}

fn put_ready(out: &mut BytesMut, in_transaction: bool) {
    out.put_slice(if in_transaction { b"Z\0\0\0\x05T" } else { b"Z\0\0\0\x05I" });
}

fn put_error(out: &mut BytesMut, severity: &str, state: &str, text: &str) {
    put_message(out, backend::ERROR_RESPONSE_TAG, |out| {
        for (field, value) in [(b'S', severity), (b'V', severity), (b'C', state), (b'M', text)] {
            out.put_u8(field);
            out.put_slice(value.as_bytes());
            out.put_u8(0);
        }
        out.put_u8(0);
    });
}

/// The highest `$n` of a statement.
fn params_in(sql: &str) -> usize {
    let digits = |text: &str| text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    sql.split('$')
        .skip(1)
        .filter_map(|after| after[..digits(after)].parse().ok())
        .filter(|n| *n < 1_000)
        .max()
        .unwrap_or(0)
}
