// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! `tern-rig`: one scenario with one module.
use std::path::PathBuf;

use tern_rig::machine::{Machine, Setup};

fn main() {
    let mut args = std::env::args().skip(1);
    let kernel = PathBuf::from(args.next().unwrap());
    let module = PathBuf::from(args.next().unwrap());
    let setup = Setup {
        kernel,
        module,
        model: tern_sim::chip::Model::Rtl8188cus,
        access_points: vec![tern_sim::access_point::Config::open(b"tern", 1)],
        unplug_at: None,
        options: tern_rig::engine::Options {
            seed: 1,
            fail_at: None,
            is_live: false,
            is_loud: true,
        },
    };
    let machine = Machine::new(&setup).unwrap();
    let result = machine.run(|machine| {
        machine.load()?;
        println!("loaded");
        println!("plug {:?}", machine.plug());
        machine.sleep(1_000_000);
        machine.unload()?;
        machine.check_end();
        Ok(())
    });
    println!("{result:?} {} faults", tern_rig::machine::state().fault_count());
}
