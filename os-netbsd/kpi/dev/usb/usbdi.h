/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* USB for drivers, as declared by sys/dev/usb/usbdi.h. */
#ifndef TERN_KPI_DEV_USB_USBDI_H
#define TERN_KPI_DEV_USB_USBDI_H

#include <sys/device.h>
#include <dev/usb/usb.h>

#ifndef TERN_KPI_CHECK
typedef enum {
	USBD_NORMAL_COMPLETION = 0,
	USBD_IN_PROGRESS,
	USBD_NOT_STARTED = 3,
	USBD_INVAL,
	USBD_NOMEM,
	USBD_CANCELLED,
	USBD_IOERROR = 13,
	USBD_TIMEOUT = 15,
	USBD_SHORT_XFER,
	USBD_STALLED,
} usbd_status;

struct usb_attach_arg {
	int uaa_port;
	int uaa_vendor;
	int uaa_product;
	int uaa_release;
	struct usbd_device *uaa_device;
	int uaa_class;
	int uaa_subclass;
	int uaa_proto;
	int uaa_usegeneric;
};
#endif

struct usbd_device;
struct usbd_interface;
struct usbd_pipe;
struct usbd_xfer;
typedef void (*usbd_callback)(struct usbd_xfer *, void *, usbd_status);

#define USBD_EXCLUSIVE_USE	0x01
#define USBD_MPSAFE		0x80
#define USBD_FORCE_SHORT_XFER	0x08
#define USBD_NO_TIMEOUT	0
#define IPL_SOFTUSB	IPL_SOFTSERIAL
#define UMATCH_VENDOR_PRODUCT_REV	14
#define UMATCH_VENDOR_PRODUCT	13
#define UMATCH_NONE	0

usbd_status usbd_open_pipe(struct usbd_interface *, uint8_t, uint8_t, struct usbd_pipe **);
void usbd_abort_pipe(struct usbd_pipe *);
void usbd_close_pipe(struct usbd_pipe *);
int usbd_create_xfer(struct usbd_pipe *, size_t, unsigned int, unsigned int, struct usbd_xfer **);
void usbd_destroy_xfer(struct usbd_xfer *);
void *usbd_get_buffer(struct usbd_xfer *);
void usbd_setup_xfer(struct usbd_xfer *, void *, void *, uint32_t, uint16_t, uint32_t, usbd_callback);
usbd_status usbd_transfer(struct usbd_xfer *);
void usbd_get_xfer_status(struct usbd_xfer *, void **, void **, uint32_t *, usbd_status *);
void usbd_clear_endpoint_stall_async(struct usbd_pipe *);
usbd_status usbd_do_request_flags(struct usbd_device *, usb_device_request_t *, void *, uint16_t, int *,
    uint32_t);
usbd_status usbd_device2interface_handle(struct usbd_device *, uint8_t, struct usbd_interface **);
usb_interface_descriptor_t *usbd_get_interface_descriptor(struct usbd_interface *);
usb_endpoint_descriptor_t *usbd_interface2endpoint_descriptor(struct usbd_interface *, uint8_t);
char *usbd_devinfo_alloc(struct usbd_device *, int);
void usbd_devinfo_free(char *);
void usbd_add_drv_event(int, struct usbd_device *, device_t);
const char *usbd_errstr(usbd_status);

#endif
