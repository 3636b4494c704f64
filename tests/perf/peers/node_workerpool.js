// A worker of workerpool's.
'use strict';

require('workerpool').worker(require('./node_jobs.js'));
