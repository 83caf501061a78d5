import type { AlertCase } from '../case.ts'

const GIB = 2 ** 30
const status = (pod: string) => `bookie_SERVER_STATUS{job="tracardi/bookkeeper",pod="${pod}"}`
const FOUND = 'auditor_NUM_UNDER_REPLICATED_LEDGERS_sum{job="tracardi/autorecovery",success="true"}'
const FOLLOWERS = 'synced_followers{job="tracardi/zookeeper",pod="zookeeper-1"}'
const EXPORTER = 'job="tracardi/elasticsearch-exporter"'
const health = (color: string) => `elasticsearch_cluster_health_status{${EXPORTER},color="${color}"}`
const NODES = `elasticsearch_cluster_health_number_of_nodes{${EXPORTER}}`
const node = (name: string) => `${EXPORTER},name="${name}",es_data_node="true"`

/** A disk of a data node with its free and total space. */
const disk = (name: string, leftGib: number, sizeGib: number) => ({
  [`elasticsearch_filesystem_data_available_bytes{${node(name)}}`]: `${leftGib * GIB}x30`,
  [`elasticsearch_filesystem_data_size_bytes{${node(name)}}`]: `${sizeGib * GIB}x30`,
})
const ofNode = (name: string) => ({ job: 'tracardi/elasticsearch-exporter', name, es_data_node: 'true' })

export const serverCases: Readonly<Record<string, AlertCase>> = {
  TracardiEventsLargerThanSized: {
    fires: {
      given: {
        [`elasticsearch_indices_store_size_bytes{${node('es-0')}}`]: '1500000x90',
        [`elasticsearch_indices_docs{${node('es-0')}}`]: '1000x90',
      },
      afterMinutes: 60,
      told: [{ says: 'A document takes 1.465kiB on disk; an event is sized as 800 bytes.' }],
    },
    silent: {
      because: 'young segments take a little more',
      given: {
        [`elasticsearch_indices_store_size_bytes{${node('es-0')}}`]: '1000000x90',
        [`elasticsearch_indices_docs{${node('es-0')}}`]: '1000x90',
      },
      afterMinutes: 80,
    },
  },
  TracardiBookieReadOnly: {
    fires: {
      given: { [status('bookkeeper-a-0')]: '1x2 0x20', [status('bookkeeper-b-0')]: '1x30' },
      afterMinutes: 8,
      told: [
        {
          says: 'bookkeeper-a-0 has the status 0: 0 is read-only, -1 is not registered.',
          labels: { job: 'tracardi/bookkeeper', pod: 'bookkeeper-a-0' },
        },
      ],
    },
    silent: {
      because: 'it was read-only for less than five minutes',
      given: { [status('bookkeeper-a-0')]: '1x2 0x3 1x20', [status('bookkeeper-b-0')]: '1x30' },
      afterMinutes: 15,
    },
  },
  TracardiTooFewBookies: {
    fires: {
      given: {
        [status('bookkeeper-a-0')]: '1x20',
        [status('bookkeeper-b-0')]: '0x20',
        [status('bookkeeper-c-0')]: '-1x20',
      },
      afterMinutes: 5,
      told: [{ says: '1 bookies accept writes; a ledger needs 2.' }],
    },
    silent: {
      because: 'two of three are enough for a ledger over two',
      given: {
        [status('bookkeeper-a-0')]: '1x20',
        [status('bookkeeper-b-0')]: '1x20',
        [status('bookkeeper-c-0')]: '0x20',
      },
      afterMinutes: 10,
    },
  },
  TracardiLedgersUnderReplicated: {
    fires: {
      given: { [FOUND]: '0x10 12x30' },
      afterMinutes: 11,
      told: [{ says: 'The auditor found 12 ledgers with too few copies within an hour.' }],
    },
    silent: {
      because: 'it found them more than an hour ago, and no more since',
      given: { [FOUND]: '12x90' },
      afterMinutes: 80,
    },
  },
  TracardiZooKeeperNodeAway: {
    fires: {
      given: { [FOLLOWERS]: '1x30' },
      afterMinutes: 10,
      told: [{ says: '2 of 3 nodes are in the quorum; 2 must be.' }],
    },
    silent: {
      because: 'both others follow the leader',
      given: { [FOLLOWERS]: '2x30' },
      afterMinutes: 15,
    },
  },
  TracardiZooKeeperNoQuorum: {
    fires: {
      given: { [FOLLOWERS]: '2x5 _x20' },
      afterMinutes: 12,
      told: [{ says: '0 of 3 nodes are in the quorum; 2 must be.' }],
    },
    silent: {
      because: 'two of three are a majority',
      given: { [FOLLOWERS]: '1x30' },
      afterMinutes: 20,
    },
  },
  TracardiElasticsearchRed: {
    fires: {
      given: { [health('red')]: '1x20', [health('yellow')]: '0x20' },
      afterMinutes: 5,
      told: [{ says: 'The cluster is red for more than 5 minutes.' }],
    },
    silent: {
      because: 'it is yellow: every shard is somewhere',
      given: { [health('red')]: '0x20', [health('yellow')]: '1x20' },
      afterMinutes: 10,
    },
  },
  TracardiElasticsearchYellow: {
    fires: {
      given: { [health('red')]: '0x90', [health('yellow')]: '1x90' },
      afterMinutes: 60,
      told: [{ says: 'The cluster is yellow for more than 60 minutes.' }],
    },
    silent: {
      because: 'a rollout makes it yellow, node after node',
      given: { [health('red')]: '0x90', [health('yellow')]: '1x40 0x5 1x40' },
      afterMinutes: 80,
    },
  },
  TracardiElasticsearchDiskLow: {
    fires: {
      given: { ...disk('elasticsearch-data-a-0', 14, 100), ...disk('elasticsearch-data-b-0', 16, 100) },
      afterMinutes: 10,
      told: [
        {
          says: 'The disk of elasticsearch-data-a-0 has 14% left.',
          labels: ofNode('elasticsearch-data-a-0'),
        },
      ],
    },
    silent: {
      because: 'of a large disk 200 GiB are enough for Elasticsearch, whatever part they are',
      given: disk('elasticsearch-data-a-0', 300, 4000),
      afterMinutes: 15,
    },
  },
  TracardiElasticsearchDiskHigh: {
    fires: {
      given: disk('elasticsearch-data-a-0', 9, 100),
      afterMinutes: 5,
      told: [{ says: 'The disk of elasticsearch-data-a-0 has 9% left.', labels: ofNode('elasticsearch-data-a-0') }],
    },
    silent: {
      because: 'it is past the low watermark only',
      given: disk('elasticsearch-data-a-0', 14, 100),
      afterMinutes: 10,
    },
  },
  TracardiElasticsearchUnseen: {
    fires: {
      given: { [NODES]: '3x5 _x30' },
      afterMinutes: 20,
      told: [
        {
          says: 'The health of Elasticsearch has not been reported for 10 minutes.',
          labels: { job: 'tracardi/elasticsearch-exporter' },
        },
      ],
    },
    silent: {
      because: 'one scrape in two fails',
      given: { [NODES]: '3 _ 3 _ 3 _ 3 _ 3 _ 3 _ 3 _ 3 _ 3 _ 3 _ 3 _ 3 _ 3 _ 3 _ 3 _ 3' },
      afterMinutes: 30,
    },
  },
}
