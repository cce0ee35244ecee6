export { type Columns, listColumns } from './columns.ts';
