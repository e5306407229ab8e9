/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Facts about the kernel that its installed headers do not carry, each with where it is from. Against
 * the packaged headers this is all the compiler has; with --sysdir the kernel's own headers come
 * first, so that every line here is checked by the compiler.
 */
#ifndef TERN_KPI_H
#define TERN_KPI_H

#include <dev/usb/usb.h>
#include <dev/usb/usbdi.h>

/* dev/usb/usbdi.h, dev/usb/usbdi.c */
usbd_status usbd_open_pipe(struct usbd_interface *, u_int8_t, u_int8_t, struct usbd_pipe **);
usbd_status usbd_close_pipe(struct usbd_pipe *);
void usbd_abort_pipe(struct usbd_pipe *);
struct usbd_xfer *usbd_alloc_xfer(struct usbd_device *);
void usbd_free_xfer(struct usbd_xfer *);
void *usbd_alloc_buffer(struct usbd_xfer *, u_int32_t);
void usbd_setup_xfer(struct usbd_xfer *, struct usbd_pipe *, void *, void *, u_int32_t, u_int16_t,
		     u_int32_t, usbd_callback);
usbd_status usbd_transfer(struct usbd_xfer *);
void usbd_get_xfer_status(struct usbd_xfer *, void **, void **, u_int32_t *, usbd_status *);
usbd_status usbd_clear_endpoint_stall_async(struct usbd_pipe *);
usbd_status usbd_do_request_flags(struct usbd_device *, usb_device_request_t *, void *, u_int16_t,
				  int *, u_int32_t);
usb_interface_descriptor_t *usbd_get_interface_descriptor(struct usbd_interface *);
usb_endpoint_descriptor_t *usbd_interface2endpoint_descriptor(struct usbd_interface *, u_int8_t);
int usbd_is_dying(struct usbd_device *);
void usbd_ref_incr(struct usbd_device *);
void usbd_ref_decr(struct usbd_device *);
void usbd_ref_wait(struct usbd_device *);

_Static_assert(USBD_NORMAL_COMPLETION == 0 && USBD_IN_PROGRESS == 1 && USBD_CANCELLED == 6 &&
	       USBD_IOERROR == 13 && USBD_STALLED == 17 && USBD_ERROR_MAX == 19,
	       "usbd_status");
_Static_assert(USBD_EXCLUSIVE_USE == 1 && USBD_NO_COPY == 1 && USBD_SHORT_XFER_OK == 4 &&
	       USBD_FORCE_SHORT_XFER == 8 && USBD_NO_TIMEOUT == 0, "flags of a transfer");
_Static_assert(UMATCH_NONE == 0 && UMATCH_VENDOR_PRODUCT_REV_CONF_IFACE == 9, "UMATCH");
_Static_assert(sizeof(struct usb_attach_arg) == 72 &&
	       offsetof(struct usb_attach_arg, configno) == 4 &&
	       offsetof(struct usb_attach_arg, vendor) == 12 &&
	       offsetof(struct usb_attach_arg, product) == 16 &&
	       offsetof(struct usb_attach_arg, device) == 24 &&
	       offsetof(struct usb_attach_arg, iface) == 32, "struct usb_attach_arg");

/* dev/usb/usb.h, and USB 2.0 tables 9-2, 9-12 and 9-13 */
_Static_assert(sizeof(usb_device_request_t) == 8 && offsetof(usb_device_request_t, wValue) == 2 &&
	       offsetof(usb_device_request_t, wLength) == 6, "usb_device_request_t");
_Static_assert(sizeof(usb_interface_descriptor_t) == 9 &&
	       offsetof(usb_interface_descriptor_t, bNumEndpoints) == 4, "interface descriptor");
_Static_assert(sizeof(usb_endpoint_descriptor_t) == 7 &&
	       offsetof(usb_endpoint_descriptor_t, bEndpointAddress) == 2 &&
	       offsetof(usb_endpoint_descriptor_t, bmAttributes) == 3, "endpoint descriptor");
_Static_assert(UT_READ_VENDOR_DEVICE == 0xc0 && UT_WRITE_VENDOR_DEVICE == 0x40 &&
	       UE_DIR_IN == 0x80 && UE_BULK == 2, "constants of USB");

/* arch/amd64/include/intr.h, softintr_establish(9) */
void *softintr_establish(int, void (*)(void *), void *);
void softintr_disestablish(void *);
void softintr_schedule(void *);

/* conf/newvers.sh writes it */
extern const char osrelease[];

/* sys/systm.h, sys/device.h, sys/kernel.h: on the list of what the shim leans on, not declared anew. */
_Static_assert(sizeof(struct cfattach) == 40 && offsetof(struct cfattach, ca_activate) == 32,
	       "struct cfattach");
_Static_assert(sizeof(struct cfdriver) == 32 && offsetof(struct cfdriver, cd_class) == 16,
	       "struct cfdriver");

#endif
