export { ruleToNft, ruleToNftCommand, type Translation } from './rule-to-nft.ts';
export { rulesetToNft, type TranslatedLine } from './ruleset-to-nft.ts';
