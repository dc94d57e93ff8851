{{- define "lm-assets.labels" -}}
app.kubernetes.io/name: lm-assets
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | quote }}
{{- end }}

{{- define "lm-assets.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}

{{- define "lm-assets.name" -}}
{{- printf "%s-lm-assets" .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- end }}

{{/* What every pod of the chart has: not root, nothing writable but /tmp, no token of the cluster. */}}
{{- define "lm-assets.podSpec" -}}
automountServiceAccountToken: false
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  seccompProfile:
    type: RuntimeDefault
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
volumes:
  - name: tmp
    emptyDir: {}
  {{- with .Values.config.existingConfigMap }}
  - name: config
    configMap:
      name: {{ . }}
  {{- end }}
{{- end }}

{{- define "lm-assets.container" -}}
image: {{ include "lm-assets.image" . | quote }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities:
    drop: [ALL]
volumeMounts:
  - name: tmp
    mountPath: /tmp
  {{- if .Values.config.existingConfigMap }}
  - name: config
    mountPath: /etc/lm-assets/config
    readOnly: true
  {{- end }}
{{- end }}
