import { z } from 'zod';

const packId = z.string().regex(/^[a-z][a-z0-9-]{0,39}$/, 'a lower-case name of at most 40 letters, digits and dashes');
export const labId = packId;

/** Things of the machine that not every machine has. */
export const featureSchema = z.enum(['log', 'tun', 'kube']);
export type Feature = z.infer<typeof featureSchema>;

/** What a pack takes beyond a plain node. */
const permissionSchema = z.enum(['kernel-log', 'tun', 'sys-admin', 'kube']);
export type Permission = z.infer<typeof permissionSchema>;

/** pack.yaml */
export const packSchema = z.strictObject({
  id: packId,
  /** semver.org, without build metadata. */
  version: z
    .string()
    .regex(
      /^(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})(-[0-9a-z]+([.-][0-9a-z]+)*)?$/,
      'a version as MAJOR.MINOR.PATCH',
    ),
  title: z.string().min(1).max(120),
  summary: z.string().max(500).optional(),
  authors: z.array(z.string().min(1)).min(1),
  /** An SPDX identifier. */
  licence: z.string().min(1),
  /** Folders of labs, in the order in which they are taught. */
  labs: z.array(labId).min(1),
  needs: z.array(featureSchema).default([]),
  permissions: z.array(permissionSchema).default([]),
});
export type PackManifest = z.infer<typeof packSchema>;
