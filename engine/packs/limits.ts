/** What a pack may weigh. A pack comes from anybody, so everything that is read or unpacked has an upper end. */
export const limits = {
  /** One YAML file. The largest lab of ours is under 20 KB. */
  yamlBytes: 256 * 1024,
  /** guide.md. */
  guideBytes: 512 * 1024,
  /** Any other file of a pack. */
  fileBytes: 4 * 1024 * 1024,
  /** All files of a pack together. */
  packBytes: 32 * 1024 * 1024,
  files: 2000,
  labs: 200,
  /** The archive itself, compressed. */
  archiveBytes: 32 * 1024 * 1024,
  /** Aliases resolved in one YAML file; enough for a repeated ruleset, too few for a bomb. */
  yamlAliases: 100,
  /** Levels of nesting in a YAML file: ours need 8; thousands would exhaust the stack. */
  yamlDepth: 64,
  /** Problems reported for one pack; past this more would not help anybody. */
  problems: 200,
} as const;
