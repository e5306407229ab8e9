/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/* As declared by sys/dev/usb/usbdi_util.h. */
#ifndef TERN_KPI_DEV_USB_USBDI_UTIL_H
#define TERN_KPI_DEV_USB_USBDI_UTIL_H

#include <dev/usb/usbdi.h>

usbd_status usbd_set_config_no(struct usbd_device *, int, int);

#endif
