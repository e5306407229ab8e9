// SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
//! What a program with a policy of its own asks of a station: join that access point, leave it.

use super::layout::{Mlme, Req};
use crate::{
    abi::{Errno, Host, settings::Settings, user},
    control::{ControlRequest, Port},
    types::{MacAddr, Mode, Ssid},
};

/// `IEEE80211_MLME_*`.
mod op {
    pub(super) const ASSOC: u8 = 1;
    pub(super) const DISASSOC: u8 = 2;
    pub(super) const DEAUTH: u8 = 3;
    pub(super) const AUTHORIZE: u8 = 4;
    pub(super) const UNAUTHORIZE: u8 = 5;
}

/// Carries out one operation. Without a name of the settings' own the request's counts. Errors: of
/// a join what [`Settings::join_bss`] says; [`Errno::Inval`] for what a station does not do.
pub(crate) fn mlme<H: Host>(settings: &mut Settings, host: &mut H, req: &Req) -> Result<(), Errno> {
    let mlme: Mlme = user::read_exact(host, req.data(), req.i_len)?;
    if settings.mode != Mode::Station {
        return Err(Errno::Inval);
    }
    let addr = MacAddr(mlme.im_macaddr);
    match mlme.im_op {
        op::ASSOC => {
            let name = mlme.im_ssid.get(..usize::from(mlme.im_ssid_len)).unwrap_or_default();
            let wanted = Some(settings.ssid).filter(|ssid| !ssid.is_hidden());
            let wanted = wanted.or_else(|| Ssid::new(name)).unwrap_or(Ssid::EMPTY);
            settings.join_bss(host, addr, &wanted)
        }
        op::DISASSOC | op::DEAUTH => {
            if let Some(joined) = host.joined() {
                let goodbye = if mlme.im_op == op::DEAUTH {
                    ControlRequest::Deauth(joined.bssid, mlme.im_reason)
                } else {
                    ControlRequest::Disassoc(joined.bssid, mlme.im_reason)
                };
                let _ = host.ask(goodbye, &[]); // We are gone by ourselves, then.
            }
            settings.leave(host);
            Ok(())
        }
        // net80211 has these for access points only; here a station's program may say that its
        // handshake is over.
        op::AUTHORIZE | op::UNAUTHORIZE => {
            let peer = settings.peer(host, addr).ok_or(Errno::Inval)?;
            let port = if mlme.im_op == op::AUTHORIZE { Port::Open } else { Port::Closed };
            host.ask(ControlRequest::SetPort(peer.bssid, port), &[]).map_err(|_| Errno::Inval)
        }
        _ => Err(Errno::Inval),
    }
}
