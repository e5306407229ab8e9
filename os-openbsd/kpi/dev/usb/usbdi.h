/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Stands in for dev/usb/usbdi.h, which only a source tree has: the types; the functions are in
 * kpi.h, which checks these types, and the real ones alike.
 */
#ifndef TERN_KPI_USBDI_H
#define TERN_KPI_USBDI_H

struct usbd_device;
struct usbd_interface;
struct usbd_pipe;
struct usbd_xfer;

typedef enum {
	USBD_NORMAL_COMPLETION = 0,
	USBD_IN_PROGRESS = 1,
	USBD_CANCELLED = 6,
	USBD_IOERROR = 13,
	USBD_STALLED = 17,
	USBD_ERROR_MAX = 19
} usbd_status;

typedef void (*usbd_callback)(struct usbd_xfer *, void *, usbd_status);

#define USBD_EXCLUSIVE_USE 0x01
#define USBD_NO_COPY 0x01
#define USBD_FORCE_SHORT_XFER 0x08
#define USBD_NO_TIMEOUT 0

struct usb_attach_arg {
	int port;
	int configno;
	int ifaceno;
	int vendor;
	int product;
	int release;
	struct usbd_device *device;
	struct usbd_interface *iface;
	int usegeneric;
	struct usbd_interface **ifaces;
	int nifaces;
	void *cookie;
};

#define UMATCH_VENDOR_PRODUCT_REV_CONF_IFACE 9
#define UMATCH_NONE 0

#endif
