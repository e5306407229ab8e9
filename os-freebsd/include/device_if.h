/* SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only */
/*
 * The methods of a device that a driver may have: DEVICE_PROBE(9), DEVICE_ATTACH(9), DEVICE_DETACH(9)
 * and the two of power management. A kernel's build makes this file; it is not installed, and a build
 * directory's own comes first in the path.
 */
#ifndef TERN_DEVICE_IF_H
#define	TERN_DEVICE_IF_H

typedef int device_probe_t(device_t dev);
typedef int device_attach_t(device_t dev);
typedef int device_detach_t(device_t dev);
typedef int device_suspend_t(device_t dev);
typedef int device_resume_t(device_t dev);

extern struct kobjop_desc device_probe_desc;
extern struct kobjop_desc device_attach_desc;
extern struct kobjop_desc device_detach_desc;
extern struct kobjop_desc device_suspend_desc;
extern struct kobjop_desc device_resume_desc;

#endif
