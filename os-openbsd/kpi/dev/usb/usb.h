/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * Stands in for dev/usb/usb.h, which only a source tree has: the bytes that USB 2.0 chapter 9 lays
 * down, under OpenBSD's names. kpi.h checks them, and the real ones alike.
 */
#ifndef TERN_KPI_USB_H
#define TERN_KPI_USB_H

#include <sys/types.h>

typedef uint8_t uByte;
typedef uint8_t uWord[2];

#define UGETW(w) ((w)[0] | ((w)[1] << 8))
#define USETW(w, v) ((w)[0] = (uint8_t)(v), (w)[1] = (uint8_t)((v) >> 8))

typedef struct {
	uByte bmRequestType;
	uByte bRequest;
	uWord wValue;
	uWord wIndex;
	uWord wLength;
} __packed usb_device_request_t;

typedef struct {
	uByte bLength;
	uByte bDescriptorType;
	uByte bInterfaceNumber;
	uByte bAlternateSetting;
	uByte bNumEndpoints;
	uByte bInterfaceClass;
	uByte bInterfaceSubClass;
	uByte bInterfaceProtocol;
	uByte iInterface;
} __packed usb_interface_descriptor_t;

typedef struct {
	uByte bLength;
	uByte bDescriptorType;
	uByte bEndpointAddress;
	uByte bmAttributes;
	uWord wMaxPacketSize;
	uByte bInterval;
} __packed usb_endpoint_descriptor_t;

#define UT_READ_VENDOR_DEVICE 0xc0
#define UT_WRITE_VENDOR_DEVICE 0x40
#define UE_DIR_IN 0x80
#define UE_GET_DIR(a) ((a) & 0x80)
#define UE_BULK 0x02
#define UE_GET_XFERTYPE(a) ((a) & 0x03)
#define USBD_SHORT_XFER_OK 0x04

#endif
