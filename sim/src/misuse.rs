// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! What does not compile. This does:
//!
//! ```
//! # use tern_core::{control::*, os::*, types::*}; use tern_sim::os::{SimOs, SimSpin, StoppedClock};
//! # #[derive(Debug)] struct Table; impl Empty for Table { const EMPTY: Self = Table; }
//! # type Low = Ranked<1, Table, SimSpin<Table>>; type High = Ranked<2, Table, SimSpin<Table>>;
//! # let (os, vap) = (SimOs::new(StoppedClock::new(), 1, None), VapId { slot: 0, generation: 0 });
//! # let (low, high) = (Low::new(c"low").unwrap(), High::new(c"high").unwrap());
//! let mut cx = Sleepable::enter_from_shim();
//! low.with(&mut cx, |_, cx| high.with(cx, |_, _| ()));
//! os.link_changed(&mut cx, vap, None);
//! os.sleep_us(&mut cx, 1);
//! ```
//!
//! Locks in falling order:
//!
//! ```compile_fail
//! # use tern_core::{control::*, os::*, types::*}; use tern_sim::os::{SimOs, SimSpin, StoppedClock};
//! # #[derive(Debug)] struct Table; impl Empty for Table { const EMPTY: Self = Table; }
//! # type Low = Ranked<1, Table, SimSpin<Table>>; type High = Ranked<2, Table, SimSpin<Table>>;
//! # let (low, high) = (Low::new(c"low").unwrap(), High::new(c"high").unwrap());
//! let mut cx = Sleepable::enter_from_shim();
//! high.with(&mut cx, |_, cx| low.with(cx, |_, _| ()));
//! ```
//!
//! Calling out under a lock:
//!
//! ```compile_fail,E0277
//! # use tern_core::{control::*, os::*, types::*}; use tern_sim::os::{SimOs, SimSpin, StoppedClock};
//! # #[derive(Debug)] struct Table; impl Empty for Table { const EMPTY: Self = Table; }
//! # type Low = Ranked<1, Table, SimSpin<Table>>;
//! # let (os, vap) = (SimOs::new(StoppedClock::new(), 1, None), VapId { slot: 0, generation: 0 });
//! # let low = Low::new(c"low").unwrap();
//! let mut cx = Sleepable::enter_from_shim();
//! low.with(&mut cx, |_, cx| os.link_changed(cx, vap, None));
//! ```
//!
//! The same with the context from outside the lock:
//!
//! ```compile_fail,E0499
//! # use tern_core::{control::*, os::*, types::*}; use tern_sim::os::{SimOs, SimSpin, StoppedClock};
//! # #[derive(Debug)] struct Table; impl Empty for Table { const EMPTY: Self = Table; }
//! # type Low = Ranked<1, Table, SimSpin<Table>>;
//! # let (os, vap) = (SimOs::new(StoppedClock::new(), 1, None), VapId { slot: 0, generation: 0 });
//! # let low = Low::new(c"low").unwrap();
//! let mut cx = Sleepable::enter_from_shim();
//! low.with(&mut cx, |_, _| os.link_changed(&mut cx, vap, true));
//! ```
//!
//! Sleeping under a lock:
//!
//! ```compile_fail,E0308
//! # use tern_core::{control::*, os::*, types::*}; use tern_sim::os::{SimOs, SimSpin, StoppedClock};
//! # #[derive(Debug)] struct Table; impl Empty for Table { const EMPTY: Self = Table; }
//! # type Low = Ranked<1, Table, SimSpin<Table>>;
//! # let (os, low) = (SimOs::new(StoppedClock::new(), 1, None), Low::new(c"low").unwrap());
//! let mut cx = Sleepable::enter_from_shim();
//! low.with(&mut cx, |_, cx| os.sleep_us(cx, 1));
//! ```
