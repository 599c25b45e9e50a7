import { CfnOutput, RemovalPolicy, Stack, type StackProps } from 'aws-cdk-lib';
import { Repository, TagMutability } from 'aws-cdk-lib/aws-ecr';
import type { Construct } from 'constructs';
import { balancers } from './balancers.js';
import { cache } from './cache.js';
import { network } from './network.js';
import { services } from './services.js';
import type { StackSettings } from './settings.js';
import { watching } from './watching.js';

const IMAGES_KEPT = 20;

/** The registry, in a stack of its own: the image must be there before anything can run it. */
export class RegistryStack extends Stack {
  readonly repository: Repository;

  constructor(scope: Construct, id: string, props?: StackProps) {
    super(scope, id, props);
    this.repository = new Repository(this, 'Images', {
      repositoryName: 'humtemp',
      // A version is one image for ever: what was rolled back to is what ran.
      imageTagMutability: TagMutability.IMMUTABLE,
      imageScanOnPush: true,
      lifecycleRules: [{ maxImageCount: IMAGES_KEPT }],
      removalPolicy: RemovalPolicy.RETAIN,
    });
    new CfnOutput(this, 'RepositoryUri', { value: this.repository.repositoryUri });
  }
}

export interface HumtempStackProps extends StackProps {
  readonly settings: StackSettings;
  readonly repository: Repository;
}

/** humtemp: network, cache, services, load balancers, alarms and a dashboard. */
export class HumtempStack extends Stack {
  constructor(scope: Construct, id: string, { settings, repository, ...props }: HumtempStackProps) {
    super(scope, id, props);
    const net = network(this);
    const store = cache(this, net, settings.cacheNodeType);
    const running = services(this, net, repository, store, settings);
    const balanced = balancers(this, net, running, settings);
    watching(this, running, store, balanced);
  }
}
