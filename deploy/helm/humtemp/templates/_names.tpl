{{- /* Only what Go's template engine itself has is used in this chart, so that the tests can render it with that. */ -}}
{{- define "humtemp.selector" }}app.kubernetes.io/name: humtemp, app.kubernetes.io/instance: {{ .Release.Name }}{{ end -}}
{{- define "humtemp.labels" }}{{ template "humtemp.selector" . }}, app.kubernetes.io/version: {{ printf "%q" .Values.image.tag }}, app.kubernetes.io/managed-by: {{ .Release.Service }}{{ end -}}

{{- /* What every pod has: no root, no rights, nothing that it may write to. */ -}}
{{- define "humtemp.pod" }}
      automountServiceAccountToken: false
      enableServiceLinks: false
      terminationGracePeriodSeconds: 30
      securityContext:
        runAsNonRoot: true
        runAsUser: 1000
        runAsGroup: 1000
        fsGroup: 1000
        seccompProfile: { type: RuntimeDefault }
      volumes:
        - name: secrets
          # 288 is 0440: read by the group only.
          secret: { secretName: {{ .Values.secretName }}, defaultMode: 288 }
{{- end -}}

{{- define "humtemp.container" }}
          image: {{ printf "%q" (printf "%s:%s" .Values.image.repository .Values.image.tag) }}
          imagePullPolicy: {{ .Values.image.pullPolicy }}
          securityContext:
            allowPrivilegeEscalation: false
            readOnlyRootFilesystem: true
            capabilities: { drop: [ALL] }
          volumeMounts:
            - { name: secrets, mountPath: /etc/humtemp, readOnly: true }
          startupProbe:
            httpGet: { path: /livez, port: health }
            periodSeconds: 2
            failureThreshold: 60
          livenessProbe:
            httpGet: { path: /livez, port: health }
            timeoutSeconds: 5
            failureThreshold: 6
          readinessProbe:
            httpGet: { path: /readyz, port: health }
            periodSeconds: 5
            timeoutSeconds: 6
{{- end -}}

{{- define "humtemp.env" }}
            - { name: HUMTEMP_REDIS_URL_FILE, value: /etc/humtemp/redis-url }
            - { name: HUMTEMP_HEALTH_HOST, value: 0.0.0.0 }
            - { name: HUMTEMP_HEALTH_PORT, value: "9100" }
            {{- range $name, $value := .Values.env }}
            - { name: {{ $name }}, value: {{ printf "%q" $value }} }
            {{- end }}
{{- end -}}

{{- define "humtemp.resources" }}
          resources:
            requests: { cpu: {{ .requests.cpu }}, memory: {{ .requests.memory }} }
            limits: { memory: {{ .limits.memory }} }
{{- end -}}

{{- define "humtemp.annotations" }}prometheus.io/scrape: "true", prometheus.io/port: "9100"{{ end -}}
