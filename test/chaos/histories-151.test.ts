import { fiftyHistoriesFrom } from './fifty-histories.js';

fiftyHistoriesFrom(151);
