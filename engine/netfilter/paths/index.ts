export { actsOf, endWord, explainPath, explainWay, flowText } from './explain-path.ts';
export type { Leg, LegEnd, PathHop } from './leg.ts';
export type { PathNetwork, PathNode, Segment, SegmentEnd } from './network.ts';
export {
  type LegName,
  type NamedLeg,
  type PathQuestion,
  PathQuestionError,
  type PathTrace,
  type PathVerdict,
  type PathWay,
  type Probe,
  tracePath,
} from './trace-path.ts';
