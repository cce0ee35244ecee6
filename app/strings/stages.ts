const names: Readonly<Record<string, string>> = {
  image: 'Building the image of the lab machines',
  'starting the Docker engine': 'Starting the Docker engine',
};

/** What the engine is at, as it is told to people; a stage without another name is one already. */
export const stageName = (stage: string): string => names[stage] ?? stage;
