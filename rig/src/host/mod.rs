// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! `cargo xtask host`: the machine, live, for other programs (PROTOCOL.md).

mod client;
mod protocol;
mod trace;

use std::{
    os::unix::{
        fs::FileTypeExt as _,
        net::{UnixListener, UnixStream},
    },
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use anyhow::{Context as _, Result};
use tern_sim::chip::register_name;

use crate::{
    engine::{self, Access, Event},
    machine::Machine,
};
use client::Client;

/// Clients at one time; more are turned away.
const CLIENTS_MAX: usize = 64;

/// What all clients share.
#[derive(Debug)]
struct Host {
    machine: Arc<Machine>,
    clients: Mutex<Vec<Arc<Client>>>,
    is_traced: bool,
}

impl Host {
    fn clients(&self) -> std::sync::MutexGuard<'_, Vec<Arc<Client>>> {
        self.clients.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self, events: &[Event]) {
        let clients = self.clients().clone();
        for event in events {
            for client in &clients {
                client.hear(event);
            }
        }
    }
}

/// Serves until the process is ended.
///
/// # Errors
///
/// The socket cannot be listened at; the module cannot be loaded or attached.
pub fn serve(machine: &Arc<Machine>, socket: &Path, is_traced: bool) -> Result<()> {
    if UnixStream::connect(socket).is_err() && is_socket(socket) {
        std::fs::remove_file(socket).with_context(|| format!("removing {}", socket.display()))?;
    }
    let listener =
        UnixListener::bind(socket).with_context(|| format!("listening at {}", socket.display()))?;
    let clients = Mutex::new(Vec::new());
    let host = Arc::new(Host { machine: machine.clone(), clients, is_traced });
    let served = host.clone();
    machine.run(move |machine| {
        machine.load()?;
        machine.plug().map_err(|errno| anyhow::anyhow!("attach: errno {errno}"))?;
        let device = machine.kernel.interface(u32::MAX).unwrap_or_default();
        println!("{} is there; listening", device);
        let acceptor = served.clone();
        std::thread::spawn(move || accept(&listener, &acceptor));
        loop {
            machine.wait_until(u64::from(u32::MAX), |events| {
                served.tell(&events);
                !engine::lock().is_live()
            });
        }
    })
}

fn is_socket(path: &Path) -> bool {
    std::fs::symlink_metadata(path).is_ok_and(|metadata| metadata.file_type().is_socket())
}

fn accept(listener: &UnixListener, host: &Arc<Host>) {
    for stream in listener.incoming() {
        let Ok(stream) = stream else { return };
        if host.clients().len() >= CLIENTS_MAX {
            continue;
        }
        match Client::start(stream, host) {
            Ok(client) => host.clients().push(client),
            Err(error) => eprintln!("a client: {error}"),
        }
    }
}

/// One line for each access.
fn registers(accesses: &[Access]) -> String {
    let line = |access: &Access| {
        let direction = if access.is_write { "W" } else { "R" };
        let value: String = access.data.iter().rev().map(|byte| format!("{byte:02x}")).collect();
        let (at, len, address) = (access.at, access.data.len(), access.address);
        format!("{at} {direction} {len} {} {address:#06x} 0x{value}\n", register_name(address))
    };
    accesses.iter().map(line).collect()
}
