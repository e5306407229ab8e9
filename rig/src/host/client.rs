// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! One connection: a reader outside of the machine, and a thread of the machine's that makes its calls.

use std::{
    collections::VecDeque,
    io,
    os::unix::net::UnixStream,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        mpsc::{Receiver, Sender, channel},
    },
    time::Duration,
};

use super::{
    Host,
    protocol::{self, Answer, Open, Request},
    registers,
    trace::Walk,
};
use crate::{
    engine::{self, Event, EventKind, Kernel, User},
    user,
};

/// How long the machine waits for a client's memory.
const COPY_PATIENCE: Duration = Duration::from_secs(10);
/// How long it waits for a client that does not read.
const WRITE_PATIENCE: Duration = Duration::from_secs(2);
const EINVAL: i32 = 22;
const ENXIO: i32 = 6;

/// A connection.
#[derive(Debug)]
pub(super) struct Client {
    stream: Mutex<UnixStream>,
    inbox: Mutex<VecDeque<Option<Request>>>,
    open: Mutex<Option<Open>>,
    /// The thread that makes its calls, once it runs.
    thread: Mutex<Option<usize>>,
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Client {
    /// Begins to serve a connection.
    pub(super) fn start(stream: UnixStream, host: &Arc<Host>) -> io::Result<Arc<Self>> {
        let mut reader = stream.try_clone()?;
        stream.set_write_timeout(Some(WRITE_PATIENCE))?;
        let client = Arc::new(Self {
            stream: Mutex::new(stream),
            inbox: Mutex::new(VecDeque::new()),
            open: Mutex::new(None),
            thread: Mutex::new(None),
        });
        let (sender, receiver) = channel();
        let (reading, serving, host) = (client.clone(), client.clone(), host.clone());
        std::thread::spawn(move || reading.read(&mut reader, &sender));
        engine::spawn_helper(
            "client",
            Box::new(move || {
                serving.serve(&host, receiver);
                host.clients().retain(|client| !Arc::ptr_eq(client, &serving));
            }),
        );
        engine::poke();
        Ok(client)
    }

    /// Outside of the machine: takes messages in until the end.
    fn read(&self, stream: &mut UnixStream, copied: &Sender<Option<Vec<u8>>>) {
        loop {
            let request = match protocol::read(stream) {
                Ok(Some(request)) => request,
                Ok(None) => break,
                Err(error) => {
                    eprintln!("a client is cut off: {error}");
                    break;
                }
            };
            match request {
                Request::Copied { is_there, bytes } => {
                    // Nobody waits any more: nobody needs it.
                    let _ = copied.send(is_there.then_some(bytes));
                }
                other => self.post(Some(other)),
            }
        }
        if let Some(thread) = *held(&self.thread) {
            engine::kill(thread);
        }
        self.post(None);
    }

    fn post(&self, request: Option<Request>) {
        held(&self.inbox).push_back(request);
        engine::wake_helper(self.channel());
    }

    fn channel(&self) -> usize {
        &raw const self.inbox as usize
    }

    fn send(&self, answer: &Answer<'_>) -> bool {
        protocol::write(&mut *held(&self.stream), answer).is_ok()
    }

    /// What came up, if this connection is for such.
    pub(super) fn hear(&self, event: &Event) {
        let is_mine = match (&*held(&self.open), event.kind) {
            (Some(Open::Route), EventKind::Route) => true,
            (Some(Open::Bpf { dlt, interface }), EventKind::Capture) => {
                event.interface == *interface && (*dlt == 0 || event.number == *dlt)
            }
            (Some(Open::Stack), EventKind::Input) => {
                let name = event.interface.as_bytes();
                let data = [&[name.len() as u8], name, &event.data].concat();
                self.send(&Answer::Data(&data));
                return;
            }
            _ => return,
        };
        if is_mine {
            self.send(&Answer::Data(&event.data));
        }
    }

    /// A thread of the machine's.
    fn serve(self: &Arc<Self>, host: &Host, copied: Receiver<Option<Vec<u8>>>) {
        let remote = Remote { client: self.clone(), copied, is_lost: false };
        engine::lock().set_user(Box::new(remote));
        *held(&self.thread) = Some(engine::current());
        loop {
            let next = held(&self.inbox).pop_front();
            match next {
                Some(Some(request)) => {
                    let errno = self.obey(host, request).err().unwrap_or(0);
                    if !self.send(&Answer::Result(errno)) {
                        break;
                    }
                }
                Some(None) => break,
                None => engine::idle_helper(self.channel()),
            }
        }
        self.close(host.machine.kernel);
    }

    fn close(&self, kernel: Kernel) {
        if let Some(Open::Bpf { dlt, interface }) = held(&self.open).take() {
            // The interface may be gone.
            let _ = kernel.listen(&interface, dlt, false);
        }
    }

    fn obey(&self, host: &Host, request: Request) -> Result<(), i32> {
        let machine = &host.machine;
        let kernel = machine.kernel;
        match request {
            Request::Open(open) => {
                if held(&self.open).is_some() {
                    return Err(EINVAL);
                }
                if let Open::Bpf { dlt, interface } = &open {
                    kernel.listen(interface, *dlt, true)?;
                }
                *held(&self.open) = Some(open);
                Ok(())
            }
            _ if held(&self.open).is_none() => Err(EINVAL),
            Request::Ioctl { command, argument } => {
                let walk = host.is_traced.then(|| Walk::begin(machine));
                let result = kernel.ioctl(command, argument);
                if let Some(walk) = walk {
                    let number = command & 0xff;
                    let result =
                        result.map_or_else(|errno| format!("errno {errno}"), |()| "0".to_owned());
                    walk.end(machine, &format!("'i' {number} ({command:#x}): {result}"));
                }
                result
            }
            Request::Write(bytes) => {
                let open = held(&self.open).clone();
                match open {
                    Some(Open::Bpf { dlt, interface }) => kernel.inject(&interface, dlt, &bytes),
                    Some(Open::Socket | Open::Stack) => {
                        let (priority, rest) = bytes.split_first().ok_or(EINVAL)?;
                        let (interface, frame) = protocol::named(rest).ok_or(EINVAL)?;
                        kernel.send(&interface, frame, *priority & 7)
                    }
                    _ => Err(EINVAL),
                }
            }
            Request::Show(what) => {
                let text = show(host, &what)?;
                self.send(&Answer::Data(text.as_bytes()));
                Ok(())
            }
            Request::Control(what) => match what.as_str() {
                "plug" => machine.plug(),
                "unplug" => {
                    machine.pull_out();
                    Ok(())
                }
                "detach" => machine.detach(),
                "suspend" => machine.suspend(),
                "resume" => machine.resume(),
                "load" => machine.load().map_err(|_| ENXIO),
                "unload" => machine.unload().map_err(|_| ENXIO),
                _ => Err(EINVAL),
            },
            Request::Copied { .. } => Err(EINVAL),
        }
    }
}

fn show(host: &Host, what: &str) -> Result<String, i32> {
    let machine = &host.machine;
    match what {
        "os" => Ok(machine.kernel.os()),
        "registers" => Ok(registers(&engine::lock().take_accesses())),
        "interfaces" => Ok(interfaces(host)),
        "counters" | "events" => machine.kernel.show(what),
        _ => Err(EINVAL),
    }
}

/// Name, index, flags and address of each interface.
fn interfaces(host: &Host) -> String {
    let kernel = host.machine.kernel;
    let mut lines = String::new();
    if let Some(device) = kernel.interface(u32::MAX)
        && kernel.interface(0).as_ref() != Some(&device)
    {
        lines.push_str(&format!("{device} 0 0 {}\n", mac(&crate::machine::MAC)));
    }
    for number in 0.. {
        let Some(name) = kernel.interface(number) else { break };
        let (index, flags, address) = user::describe(&host.machine, &name);
        lines.push_str(&format!("{name} {index} {flags:x} {}\n", mac(&address)));
    }
    lines
}

fn mac(address: &[u8; 6]) -> String {
    address.map(|byte| format!("{byte:02x}")).join(":")
}

/// A client's memory, by the socket.
struct Remote {
    client: Arc<Client>,
    copied: Receiver<Option<Vec<u8>>>,
    is_lost: bool,
}

impl Remote {
    fn ask(&mut self, question: &Answer<'_>) -> Option<Vec<u8>> {
        if self.is_lost || !self.client.send(question) {
            return None;
        }
        match self.copied.recv_timeout(COPY_PATIENCE) {
            Ok(answer) => answer,
            Err(_) => {
                // An answer that came late would be taken for the next one.
                self.is_lost = true;
                None
            }
        }
    }
}

impl User for Remote {
    fn read(&mut self, address: u64, bytes: &mut [u8]) -> bool {
        let answer = self.ask(&Answer::CopyIn { address, len: bytes.len() });
        let Some(answer) = answer.filter(|answer| answer.len() == bytes.len()) else {
            return false;
        };
        bytes.copy_from_slice(&answer);
        true
    }

    fn write(&mut self, address: u64, bytes: &[u8]) -> bool {
        self.ask(&Answer::CopyOut { address, bytes }).is_some()
    }
}
